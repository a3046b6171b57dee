<?php

// A walk through the API, by default at the sandbox that `./dev run` serves: php quickstart.php

declare(strict_types=1);

use Multihub\ApiException;
use Multihub\Client;
use Multihub\MultihubException;
use Multihub\PaymentExistsException;

spl_autoload_register(static function (string $class): void {
    require __DIR__ . '/src/' . substr($class, strlen('Multihub\\')) . '.php';
});

function main(): void
{
    $client = new Client(
        getenv('MULTIHUB_URL') ?: 'http://127.0.0.1:8080/public/api/multihub/v1',
        (int) (getenv('MULTIHUB_APPLICATION_ID') ?: 1),
        getenv('MULTIHUB_SECRET') ?: 'sandbox-secret-1-do-not-use-in-production',
    );
    $run = bin2hex(random_bytes(6));

    echo "ping: {$client->ping()}\n";
    foreach ($client->balance()['amounts'] as $amount) {
        echo "balance: {$amount['value']} {$amount['currency']}, frozen {$amount['value_freezing']}\n";
    }

    $order = "order-{$run}";
    $deposit = $client->deposit(
        serviceId: 14701,
        amount: 25000,
        currency: 'INR',
        cId: $order,
        payer: ['email' => 'buyer@example.com', 'person' => ['first_name' => 'Zoë']],
        fields: ['description' => 'Café, 2 €'],
    );
    echo "deposit {$order}: {$deposit['status']['status']}, {$deposit['identifiers']['h_id']}\n";
    echo "the payer's link: {$deposit['redirect']['to']}\n";
    $deposit = $client->waitUntilFinal(cId: $order);
    echo "deposit {$order}: {$deposit['status']['status']}\n";

    $withdrawal = "payout-{$run}";
    $payout = $client->payout(
        serviceId: 14801,
        amount: 150000,
        currency: 'MXN',
        cId: $withdrawal,
        receiver: [
            'person' => ['first_name' => 'Inés', 'last_name' => 'Vega'],
            'bank' => ['account' => ['id' => '646180000000000423']],
        ],
    );
    echo "payout {$withdrawal}: {$payout['status']['status']}, {$payout['identifiers']['h_id']}\n";
    $payout = $client->waitUntilFinal(hId: $payout['identifiers']['h_id']);
    echo "payout {$withdrawal}: {$payout['status']['status']}\n";

    $payment = $client->status(cId: $order);
    echo "status of {$order}: {$payment['status']['status']}, version {$payment['status_version']}\n";

    try {
        $client->deposit(serviceId: 14701, amount: 25000, currency: 'INR', cId: $order);
    } catch (PaymentExistsException $exists) {
        echo "the same c_id again: refused, it is {$exists->hId()} ({$exists->status()})\n";
    }

    try {
        $client->deposit(serviceId: 14701, amount: 1, currency: 'INR', cId: "small-{$run}");
    } catch (ApiException $refusal) {
        ['min' => $min, 'max' => $max] = $refusal->context;
        echo "an amount below the minimum: refused, {$refusal->getMessage()} (from {$min} to {$max})\n";
    }
}

try {
    main();
} catch (MultihubException $exception) {
    fwrite(STDERR, $exception::class . ": {$exception->getMessage()}\n");
    exit(1);
}
