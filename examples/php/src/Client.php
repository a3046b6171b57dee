<?php

declare(strict_types=1);

namespace Multihub;

use JsonException;

/**
 * One application at one gateway, over the multihub v1 API.
 *
 * PHP 8.2 or later on a 64-bit system, no extensions beyond those of every build. Requests go by PHP's own HTTP
 * streams, which need allow_url_fopen (on by default). Copy this folder into your project; the classes are laid out for
 * a PSR-4 autoloader.
 *
 * Amounts are whole minor units. A c_id is a string, or an int from 0 to 2^53-1. Payments are arrays, as the gateway
 * writes them.
 */
final class Client
{
    private const BUSY = 1000;
    private const PAYMENT_EXISTS = 6009;
    private const PAYMENT_DOES_NOT_EXIST = 6010;

    /** Worth repeating as it was. 2002 is not among them: the provider needs longer than a caller wants to wait. */
    private const PASSING = [self::BUSY, 2000, 2001];

    /** What is refused before the gateway knows whose secret to sign with. Any other answer must be signed. */
    private const UNSIGNED = [self::BUSY, 1001, 1003, 1005, 1007, 3000, 3001, 3002, 3003, 3004, 3005];

    /** @var \Closure(float): void */
    private readonly \Closure $sleep;

    /**
     * @param float $timeout seconds to wait for the connection, and for each piece of an answer; the gateway answers
     *                       within 10
     * @param int $attempts how often a call is sent before its error is thrown
     * @param float $maxPause seconds; a Retry-After beyond it is left to the caller
     * @param null|\Closure(float): void $sleep takes seconds
     */
    public function __construct(
        private readonly string $url,
        private readonly int $applicationId,
        #[\SensitiveParameter] private readonly string $secret,
        private readonly float $timeout = 15.0,
        private readonly int $attempts = 3,
        private readonly float $maxPause = 30.0,
        ?\Closure $sleep = null,
    ) {
        $this->sleep = $sleep ?? static fn (float $seconds) => usleep((int) round($seconds * 1e6));
    }

    public function ping(): string
    {
        return self::part($this->call('gateway.ping'), 'message');
    }

    /** @return array{id: int, amounts: list<array<string, mixed>>, enabled: bool} */
    public function balance(): array
    {
        return self::part($this->call('balance.get'), 'balance');
    }

    /**
     * The payment as it is now. ApiException 6010: there is none with these identifiers.
     *
     * @return array<string, mixed>
     */
    public function status(string|int|null $cId = null, ?string $hId = null): array
    {
        $identifiers = array_filter(['c_id' => $cId, 'h_id' => $hId], static fn ($id) => $id !== null);
        $result = $this->call('payment.status', ['payment' => ['identifiers' => (object) $identifiers]]);

        return self::paymentIn($result, $identifiers);
    }

    /**
     * Takes money from a payer (payment.in).
     *
     * The answer may be lost and the call repeated: there is one payment for a c_id all the same.
     *
     * @param array<string, mixed> $payer
     * @param array<string, mixed> $fields further ones of the payment, such as webhook_url
     *
     * @return array<string, mixed>
     *
     * @throws PaymentExistsException the c_id was used before
     * @throws OutcomeUnknownException the end cannot be told
     * @throws ApiException
     */
    public function deposit(
        int $serviceId,
        int $amount,
        string $currency,
        string|int $cId,
        array $payer = [],
        array $fields = [],
    ): array {
        // An empty array would be written as [], and a payer is an object.
        $fields['payer'] = (object) $payer;

        return $this->create('payment.in', $serviceId, $amount, $currency, $cId, $fields);
    }

    /**
     * Sends money to a receiver (payment.out). Otherwise as deposit.
     *
     * @param array<string, mixed> $receiver
     * @param array<string, mixed> $fields
     *
     * @return array<string, mixed>
     */
    public function payout(
        int $serviceId,
        int $amount,
        string $currency,
        string|int $cId,
        array $receiver,
        array $fields = [],
    ): array {
        $fields['receiver'] = (object) $receiver;

        return $this->create('payment.out', $serviceId, $amount, $currency, $cId, $fields);
    }

    /**
     * Asks until the payment is final, or $patience seconds have passed; look at status.final. A server takes webhooks.
     *
     * @return array<string, mixed>
     */
    public function waitUntilFinal(
        string|int|null $cId = null,
        ?string $hId = null,
        float $patience = 60.0,
        float $interval = 1.0,
    ): array {
        $giveUp = hrtime(true) + $patience * 1e9;
        while (true) {
            $payment = $this->status($cId, $hId);
            if ($payment['status']['final'] || hrtime(true) >= $giveUp) {
                return $payment;
            }
            ($this->sleep)($interval);
        }
    }

    /**
     * Any method that may be repeated without harm; its result. Not for payment.in and payment.out.
     *
     * @param array<string, mixed> $params
     *
     * @return array<string, mixed>
     */
    public function call(string $method, array $params = [], ?int $serviceId = null): array
    {
        $body = self::encode($method, $params, $serviceId);
        for ($attempt = 1;; ++$attempt) {
            try {
                return $this->exchange($body);
            } catch (ApiException | NoAnswerException $failure) {
                if (!$this->pauseBeforeNext($failure, $attempt)) {
                    throw $failure;
                }
            }
        }
    }

    /**
     * @param array<string, mixed> $fields
     *
     * @return array<string, mixed>
     */
    private function create(
        string $method,
        int $serviceId,
        int $amount,
        string $currency,
        string|int $cId,
        array $fields,
    ): array {
        $identifiers = ['c_id' => $cId];
        $wanted = [
            'amount' => ['value' => $amount, 'currency' => $currency],
            'destination' => explode('.', $method)[1],
            'service_id' => $serviceId,
        ];
        $payment = ['amount' => $wanted['amount'], 'identifiers' => $identifiers] + $fields;
        $body = self::encode($method, ['payment' => $payment], $serviceId); // every attempt sends these bytes

        $inDoubt = false; // an attempt was made of which nobody knows whether it created the payment
        for ($attempt = 1;; ++$attempt) {
            try {
                return self::paymentIn($this->exchange($body), $identifiers);
            } catch (ApiException | NoAnswerException $exception) {
                $failure = $exception;
            }
            $answered = $failure instanceof ApiException;
            $refused = $answered && !in_array($failure->errorCode, self::PASSING, true);
            if ($refused && !$inDoubt) {
                throw $failure;
            }
            $inDoubt = $inDoubt || !$answered || $failure->errorCode !== self::BUSY;
            $again = !$refused && $this->pauseBeforeNext($failure, $attempt);
            if ($again && $answered) {
                continue; // the same c_id: should the last attempt have created the payment, this one is told 6009
            }
            if (!$inDoubt) {
                throw $failure;
            }
            // No answer, or 6009 after doubt: the payment may be there, so look before sending anything.
            $found = $this->find($cId);
            if ($found !== null) {
                return self::requireSame($found, $wanted);
            }
            if (!$again) {
                throw new OutcomeUnknownException($cId, $failure);
            }
        }
    }

    /** @return null|array<string, mixed> */
    private function find(string|int $cId): ?array
    {
        try {
            return $this->status($cId);
        } catch (ApiException | NoAnswerException $failure) {
            if ($failure instanceof ApiException && $failure->errorCode === self::PAYMENT_DOES_NOT_EXIST) {
                return null;
            }
            throw new OutcomeUnknownException($cId, $failure);
        }
    }

    /** Waits as the failure asks for. False: another attempt would be of no use. */
    private function pauseBeforeNext(ApiException|NoAnswerException $failure, int $attempt): bool
    {
        $passing = $failure instanceof ApiException
            ? in_array($failure->errorCode, self::PASSING, true)
            : !$failure instanceof SignatureException;
        if (!$passing || $attempt >= $this->attempts) {
            return false;
        }
        $backoff = 2 ** ($attempt - 1) * random_int(500, 1000) / 1000;
        $pause = max($backoff, $failure instanceof ApiException ? (float) $failure->retryAfter : 0.0);
        if ($pause > $this->maxPause) {
            return false;
        }
        ($this->sleep)($pause);

        return true;
    }

    /**
     * One request, one answer: its result.
     *
     * @return array<string, mixed>
     */
    private function exchange(string $body): array
    {
        $context = stream_context_create(['http' => [
            'method' => 'POST',
            'header' => [
                'Content-Type: application/json',
                "X-Data-Application-Id: {$this->applicationId}",
                'X-Data-Hash: ' . hash('sha512', $body . $this->secret),
            ],
            'content' => $body,
            'timeout' => $this->timeout,
            'ignore_errors' => true, // answers with HTTP 400 are answers
            'follow_location' => 0,
        ]]);
        error_clear_last();
        $stream = @fopen($this->url, 'r', false, $context);
        if ($stream === false) {
            throw new NoAnswerException('no answer: ' . (error_get_last()['message'] ?? 'unknown reason'));
        }
        try {
            $answer = stream_get_contents($stream);
            $meta = stream_get_meta_data($stream);
        } finally {
            fclose($stream);
        }
        $headers = self::headersOf($meta['wrapper_data'] ?? []);
        // A connection that is lost in the middle looks like the end of the answer.
        $complete = !isset($headers['content-length']) || strlen((string) $answer) === (int) $headers['content-length'];
        if ($answer === false || $meta['timed_out'] || !$complete) {
            throw new NoAnswerException('no answer: it broke off');
        }

        return $this->open($answer, $headers);
    }

    /**
     * What the answer's envelope holds, once its signature is verified.
     *
     * @param array<string, string> $headers
     *
     * @return array<string, mixed>
     */
    private function open(string $answer, array $headers): array
    {
        $signature = $headers['x-data-hash'] ?? null;
        if ($signature !== null && !hash_equals(hash('sha512', $answer . $this->secret), strtolower($signature))) {
            throw new SignatureException("the answer's signature is wrong");
        }
        $envelope = json_decode($answer, true);
        $succeeded = ($envelope['success'] ?? null) === true;
        $content = $envelope[$succeeded ? 'result' : 'error'] ?? null;
        if (!is_array($content)) {
            throw new NoAnswerException("an answer that is not the gateway's: {$headers[':status']}");
        }
        if ($signature === null && ($succeeded || !in_array($content['code'] ?? 0, self::UNSIGNED, true))) {
            throw new SignatureException('the answer is not signed');
        }
        if ($succeeded) {
            return $content;
        }
        $retryAfter = ctype_digit($headers['retry-after'] ?? '') ? (int) $headers['retry-after'] : null;
        $requestId = $envelope['request_id'] ?? '';
        throw $content['code'] === self::PAYMENT_EXISTS
            ? new PaymentExistsException($content, $requestId, $retryAfter)
            : new ApiException($content, $requestId, $retryAfter);
    }

    /**
     * Names in lower case; the status line stands under ":status".
     *
     * @param list<string> $lines
     *
     * @return array<string, string>
     */
    private static function headersOf(array $lines): array
    {
        $headers = [':status' => 'nothing came'];
        foreach ($lines as $line) {
            if (str_starts_with($line, 'HTTP/')) {
                $headers = [':status' => $line]; // interim answers come first
                continue;
            }
            [$name, $value] = explode(':', $line, 2) + [1 => ''];
            $headers[strtolower($name)] = trim($value);
        }

        return $headers;
    }

    /**
     * @param array<string, mixed> $params
     *
     * @throws JsonException a text is not UTF-8
     */
    private static function encode(string $method, array $params, ?int $serviceId): string
    {
        $request = ['method' => $method, 'params' => (object) $params];
        if ($serviceId !== null) {
            $request['service_id'] = $serviceId;
        }

        return json_encode($request, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
    }

    /**
     * A signature does not say to which call an answer belongs; what is in it does.
     *
     * @param array<string, mixed> $result
     */
    private static function part(array $result, string $name): mixed
    {
        return $result[$name] ?? throw new NoAnswerException('the answer is to another call');
    }

    /**
     * @param array<string, mixed> $result
     * @param array<string, string|int> $asked
     *
     * @return array<string, mixed>
     */
    private static function paymentIn(array $result, array $asked): array
    {
        $payment = self::part($result, 'payment');
        foreach ($asked as $key => $value) { // 7 and "7" are the same c_id
            if ((string) ($payment['identifiers'][$key] ?? '') !== (string) $value) {
                throw new NoAnswerException('the answer is about another payment');
            }
        }

        return $payment;
    }

    /**
     * A payment found by its c_id is the one we asked for, or an earlier one that happens to have the c_id.
     *
     * @param array<string, mixed> $payment
     * @param array<string, mixed> $wanted
     *
     * @return array<string, mixed>
     */
    private static function requireSame(array $payment, array $wanted): array
    {
        if (array_intersect_key($payment, $wanted) == $wanted) {
            return $payment;
        }
        throw new PaymentExistsException([
            'code' => self::PAYMENT_EXISTS,
            'message' => 'Payment already exists, and is another one',
            'details' => null,
            'context' => ['identifiers' => $payment['identifiers'], 'status' => $payment['status']['status']],
        ]);
    }
}
