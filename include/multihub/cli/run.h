// The program `multihub`: reads its arguments, runs one command.
#pragma once

namespace multihub::cli {

// Exit code: 0 done, 1 refused or failed (one sentence on stderr), 2 wrong usage.
int Run(int argc, char** argv);

}  // namespace multihub::cli
