// The groups of commands; each declares itself below `root` from its own file. `context` outlives the parsing and the
// command that runs.
#pragma once

#include "cli/command.h"
#include "cli/context.h"

namespace multihub::cli {

void AddServe(Command* root, Context* context);
void AddMigrate(Command* root, Context* context);
void AddMerchant(Command* root, Context* context);
void AddApp(Command* root, Context* context);
void AddService(Command* root, Context* context);
void AddCurrency(Command* root, Context* context);
void AddProvider(Command* root, Context* context);
void AddBalance(Command* root, Context* context);
void AddPayment(Command* root, Context* context);
void AddWebhook(Command* root, Context* context);
void AddEvent(Command* root, Context* context);
void AddDelivery(Command* root, Context* context);
void AddLedger(Command* root, Context* context);
void AddCall(Command* root, Context* context);
void AddSign(Command* root, Context* context);
void AddConformance(Command* root, Context* context);
void AddErrors(Command* root, Context* context);
void AddConfig(Command* root, Context* context);
void AddHealthcheck(Command* root, Context* context);
void AddKey(Command* root, Context* context);
void AddBackup(Command* root, Context* context);
void AddPrune(Command* root, Context* context);

}  // namespace multihub::cli
