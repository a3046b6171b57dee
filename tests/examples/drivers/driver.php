<?php

// One call of the PHP client, as the tests order it. What came of it is printed as one line of JSON.

declare(strict_types=1);

use Multihub\ApiException;
use Multihub\Client;
use Multihub\NoAnswerException;
use Multihub\OutcomeUnknownException;
use Multihub\PaymentExistsException;
use Multihub\SignatureException;
use Multihub\WebhookRefused;
use Multihub\WebhookVerifier;

set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    // A warning that nobody silenced is a mistake of the client's.
    return (error_reporting() & $level) === 0 ? false : throw new ErrorException($message, 0, $level, $file, $line);
});
spl_autoload_register(static function (string $class): void {
    require __DIR__ . '/src/' . substr($class, strlen('Multihub\\')) . '.php';
});

$slept = [];

function client(): Client
{
    return new Client(
        getenv('MULTIHUB_URL'),
        (int) getenv('MULTIHUB_APPLICATION_ID'),
        getenv('MULTIHUB_SECRET'),
        timeout: (float) getenv('TIMEOUT_S'),
        sleep: static function (float $seconds): void {
            $GLOBALS['slept'][] = $seconds;
        },
    );
}

function verify(string $headersFile, string $bodyFile): string
{
    $headers = [];
    foreach (file($headersFile, FILE_IGNORE_NEW_LINES) as $line) {
        [$name, $value] = explode(': ', $line, 2);
        $headers[$name] = $value;
    }
    $given = static fn (string ...$names) => array_values(array_filter(array_map(getenv(...), $names)));
    $verifier = new WebhookVerifier(
        $given('MULTIHUB_SECRET', 'MULTIHUB_PREVIOUS_SECRET'),
        $given('MULTIHUB_WEBHOOK_SECRET', 'MULTIHUB_PREVIOUS_WEBHOOK_SECRET'),
    );

    return $verifier->verify($headers, file_get_contents($bodyFile))['id'];
}

function run(string $word, string ...$args): mixed
{
    $cId = json_decode($args[0] ?? 'null');
    $fields = ['description' => "Zoë's 2 € </b>"];
    $receiver = ['bank' => ['account' => ['id' => '646180000000000423']]];

    return match ($word) {
        'ping' => client()->ping(),
        'balance' => client()->balance(),
        'status' => client()->status($cId),
        'deposit' => client()->deposit(14702, (int) $args[1], 'INR', $cId, fields: $fields),
        'payout' => client()->payout(14801, (int) $args[1], 'MXN', $cId, $receiver),
        'verify' => verify(...$args),
    };
}

/** @return array<string, mixed> */
function outcome(string ...$words): array
{
    try {
        return ['outcome' => 'done', 'result' => run(...$words)];
    } catch (PaymentExistsException $exception) {
        return ['outcome' => 'exists', 'h_id' => $exception->hId(), 'status' => $exception->status()];
    } catch (ApiException $exception) {
        return ['outcome' => 'refused', 'code' => $exception->errorCode];
    } catch (SignatureException) {
        return ['outcome' => 'bad signature'];
    } catch (NoAnswerException) {
        return ['outcome' => 'no answer'];
    } catch (OutcomeUnknownException) {
        return ['outcome' => 'unknown'];
    } catch (WebhookRefused $refused) {
        return ['outcome' => 'webhook refused', 'header' => $refused->getMessage()];
    }
}

$outcome = outcome(...array_slice($argv, 1));
echo json_encode($outcome + ['slept' => $slept], JSON_THROW_ON_ERROR), "\n";
