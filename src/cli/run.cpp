#include "multihub/cli/run.h"

#include <csignal>
#include <iostream>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/refused.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/storage/session.h"

namespace multihub::cli {
namespace {

constexpr int kFailed = 1;

void Declare(Command root, Context* context) {
  context->Declare(&root);
  AddServe(&root, context);
  AddMigrate(&root, context);
  AddMerchant(&root, context);
  AddApp(&root, context);
  AddService(&root, context);
  AddCurrency(&root, context);
  AddProvider(&root, context);
  AddBalance(&root, context);
  AddPayment(&root, context);
  AddWebhook(&root, context);
  AddEvent(&root, context);
  AddDelivery(&root, context);
  AddLedger(&root, context);
  AddCall(&root, context);
  AddSign(&root, context);
  AddConformance(&root, context);
  AddErrors(&root, context);
  AddConfig(&root, context);
  AddHealthcheck(&root, context);
  AddKey(&root, context);
  AddBackup(&root, context);
  AddPrune(&root, context);
}

int Fail(const std::string& sentence) {
  std::cerr << "multihub: " << sentence << std::endl;
  return kFailed;
}

}  // namespace

int Run(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a write over the limit of a file's size then fails like any other
  if (const auto problem = base::SeededFaultProblem()) return Fail(*problem);
  Context context;
  Parser parser("multihub", MULTIHUB_VERSION, "A self-hosted payment gateway with the multihub v1 merchant API.",
                "multihub serve --sandbox");
  Declare(parser.root(), &context);
  const Parser::Outcome outcome = parser.Parse(argc, argv);
  if (!outcome.action) return outcome.exit_code;
  try {
    outcome.action();
    return 0;
  } catch (const Refused& refused) {
    return Fail(refused.what());
  } catch (const storage::StorageFailure& failure) {
    return Fail(SentenceOf(failure));
  }
}

}  // namespace multihub::cli
