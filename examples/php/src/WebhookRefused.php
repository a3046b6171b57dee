<?php

declare(strict_types=1);

namespace Multihub;

/** The webhook is not the gateway's, or not of now. The message names the header that does not fit. */
final class WebhookRefused extends \RuntimeException
{
}
