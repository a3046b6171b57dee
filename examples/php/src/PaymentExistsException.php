<?php

declare(strict_types=1);

namespace Multihub;

/** The c_id belongs to an earlier payment (code 6009); no second one was created. */
final class PaymentExistsException extends ApiException
{
    public function hId(): string
    {
        return $this->context['identifiers']['h_id'];
    }

    public function status(): string
    {
        return $this->context['status'];
    }
}
