// How commands and their options are declared. A thin front of the argument parser, so that each group of commands
// declares itself in its own file and none of them includes the parser.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace multihub::cli {

// A command's place in the tree. Cheap to copy; valid while its Parser lives. The variables given to options must
// outlive the parsing. Whole numbers are decimal without sign, leading zero or exponent.
class Command {
 public:
  enum class Need { kOptional, kRequired };

  // A word that only holds commands: "merchant".
  Command Group(const std::string& name, const std::string& help);
  // A command; `example` is one line, shown by --help.
  Command Add(const std::string& name, const std::string& help, const std::string& example);

  // "--name" options and, without dashes, positional arguments.
  Command& Option(const std::string& name, std::string* value, const std::string& help, Need need = Need::kOptional);
  Command& Option(const std::string& name, std::int64_t* value, const std::string& help, Need need = Need::kOptional);
  Command& Option(const std::string& name, std::optional<std::string>* value, const std::string& help);
  Command& Option(const std::string& name, std::optional<std::int64_t>* value, const std::string& help);
  // May be given several times, or with several values.
  Command& Option(const std::string& name, std::vector<std::string>* values, const std::string& help,
                  Need need = Need::kOptional);
  Command& Flag(const std::string& name, bool* value, const std::string& help);
  // The value is one of `words`.
  Command& Choice(const std::string& name, std::string* value, const std::vector<std::string>& words,
                  const std::string& help, Need need = Need::kRequired);
  Command& Run(std::function<void()> action);

 private:
  friend class Parser;
  using Action = std::function<void()>;
  Command(CLI::App* app, Action* chosen) : app_(app), chosen_(chosen) {}
  CLI::App* app_;
  Action* chosen_;
};

class Parser {
 public:
  // `version` is what --version prints.
  Parser(const std::string& program, const std::string& version, const std::string& help, const std::string& example);
  ~Parser();
  Command root();

  // What to do next: run the action, or (nullptr) end with `exit_code`; help and complaints are printed already.
  struct Outcome {
    std::function<void()> action;
    int exit_code = 0;
  };
  Outcome Parse(int argc, char** argv);

 private:
  std::unique_ptr<CLI::App> app_;
  std::function<void()> chosen_;
};

}  // namespace multihub::cli
