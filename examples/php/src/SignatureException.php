<?php

declare(strict_types=1);

namespace Multihub;

/** The answer's signature is wrong or missing, so nothing it says counts. */
final class SignatureException extends NoAnswerException
{
}
