<?php

declare(strict_types=1);

namespace Multihub;

/**
 * Nobody could say whether the payment exists.
 *
 * Ask status($cId) later. Found: go on with it. Code 6010 more than 60 seconds after this exception: there is none.
 * Until then use no other c_id for the same order.
 */
final class OutcomeUnknownException extends MultihubException
{
    public function __construct(public readonly string|int $cId, MultihubException $reason)
    {
        parent::__construct("it is open whether payment {$cId} exists: {$reason->getMessage()}", 0, $reason);
    }
}
