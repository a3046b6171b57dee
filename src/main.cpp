#include "multihub/cli/run.h"

int main(int argc, char** argv) { return multihub::cli::Run(argc, argv); }
