<?php

declare(strict_types=1);

namespace Multihub;

/** Timeout, lost connection, or an answer that is not the gateway's. Whether the call was carried out is open. */
class NoAnswerException extends MultihubException
{
}
