<?php

declare(strict_types=1);

namespace Multihub;

/** Tells whether a webhook comes from the gateway. During a rotation give both secrets, the new one first. */
final class WebhookVerifier
{
    /** @var list<string> */
    private readonly array $endpointKeys;

    /**
     * @param list<string> $apiSecrets sign X-Data-Hash and X-Webhook-Signature-V2
     * @param list<string> $endpointSecrets "whsec_...": sign webhook-signature
     * @param int $tolerance how many seconds the moment of sending may be away from now
     * @param null|\Closure(): float $now seconds; null is the system's clock
     */
    public function __construct(
        #[\SensitiveParameter] private readonly array $apiSecrets,
        #[\SensitiveParameter] array $endpointSecrets,
        private readonly int $tolerance = 300,
        private readonly ?\Closure $now = null,
    ) {
        $this->endpointKeys = array_map(self::endpointKey(...), $endpointSecrets);
    }

    /**
     * The event, parsed.
     *
     * @param array<string, string> $headers names in any case, as getallheaders() gives them
     * @param string $body the request's body as it came: file_get_contents('php://input')
     *
     * @return array<string, mixed>
     *
     * @throws WebhookRefused
     */
    public function verify(array $headers, string $body): array
    {
        $headers = array_change_key_case($headers);
        $header = static fn (string $name): string => $headers[strtolower($name)] ?? '';

        $hashes = array_map(static fn ($secret) => hash('sha512', $body . $secret), $this->apiSecrets);
        self::require(self::anyEqual($hashes, [$header('X-Data-Hash')]), 'X-Data-Hash');

        $sent = $header('X-Webhook-Timestamp');
        $hashes = array_map(static fn ($secret) => hash('sha512', $sent . $body . $secret), $this->apiSecrets);
        self::require(self::anyEqual($hashes, [$header('X-Webhook-Signature-V2')]), 'X-Webhook-Signature-V2');
        self::require($this->isFresh(strtotime($sent)), 'X-Webhook-Timestamp');

        $seconds = $header('webhook-timestamp');
        $signed = "{$header('webhook-id')}.{$seconds}.{$body}";
        $signatures = array_map(
            static fn ($key) => 'v1,' . base64_encode(hash_hmac('sha256', $signed, $key, true)),
            $this->endpointKeys,
        );
        // The gateway sends two during a rotation.
        self::require(self::anyEqual($signatures, explode(' ', $header('webhook-signature'))), 'webhook-signature');
        self::require($this->isFresh(ctype_digit($seconds) ? (int) $seconds : false), 'webhook-timestamp');

        return json_decode($body, true, flags: JSON_THROW_ON_ERROR);
    }

    private function isFresh(int|false $sent): bool
    {
        $now = $this->now === null ? microtime(true) : ($this->now)();

        return $sent !== false && abs($now - $sent) <= $this->tolerance;
    }

    private static function require(bool $fits, string $header): void
    {
        if (!$fits) {
            throw new WebhookRefused($header);
        }
    }

    /**
     * @param list<string> $ours
     * @param list<string> $given
     */
    private static function anyEqual(array $ours, array $given): bool
    {
        $found = false;
        foreach ($ours as $a) {
            foreach ($given as $b) {
                $found = hash_equals($a, $b) || $found; // all are compared, whichever fits
            }
        }

        return $found;
    }

    private static function endpointKey(#[\SensitiveParameter] string $secret): string
    {
        $key = str_starts_with($secret, 'whsec_') ? base64_decode(substr($secret, 6), true) : false;

        return $key ?: throw new \InvalidArgumentException("an endpoint's secret is whsec_ and base64");
    }
}
