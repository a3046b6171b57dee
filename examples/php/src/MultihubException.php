<?php

declare(strict_types=1);

namespace Multihub;

/** What all exceptions of the client have in common. */
abstract class MultihubException extends \RuntimeException
{
}
