<?php

declare(strict_types=1);

namespace Multihub;

/** The gateway refused the call; of a payment: this call created none, unless the code is 2000 or 2001. */
class ApiException extends MultihubException
{
    public readonly int $errorCode;

    /** @var null|array<string, string> */
    public readonly ?array $details;

    /** @var null|array<string, mixed> */
    public readonly ?array $context;

    /**
     * @param array{code: int, message: string, details: ?array<string, string>, context: ?array<string, mixed>} $error
     * @param null|int $retryAfter seconds, when the gateway named them
     */
    public function __construct(
        array $error,
        public readonly string $requestId = '',
        public readonly ?int $retryAfter = null,
    ) {
        $this->errorCode = $error['code'];
        $this->details = $error['details'] ?? null;
        $this->context = $error['context'] ?? null;
        $description = $this->details['description'] ?? null;
        $text = "{$error['code']} {$error['message']}" . ($description === null ? '' : ": {$description}");
        parent::__construct($text, $error['code']);
    }
}
