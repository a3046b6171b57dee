#include "cli/command.h"

#include <charconv>
#include <CLI/CLI.hpp>
#include <iostream>

namespace multihub::cli {
namespace {

constexpr int kWrongUsage = 2;

// The parser's own conversion reads 010 as eight.
std::int64_t ParseWhole(const std::string& name, const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool plain = !text.empty() && text[0] >= '0' && text[0] <= '9' && (text.size() == 1 || text[0] != '0');
  if (error != std::errc() || end != text.data() + text.size() || !plain) {
    throw CLI::ValidationError(name, "'" + text + "' is no whole number");
  }
  return value;
}

void SetNeed(CLI::Option* option, Command::Need need) { option->required(need == Command::Need::kRequired); }

std::string Footer(const std::string& example) { return "Example:\n  " + example; }

}  // namespace

Command Command::Group(const std::string& name, const std::string& help) {
  CLI::App* group = app_->add_subcommand(name, help);
  group->require_subcommand(1);
  group->footer("`multihub " + name + " COMMAND --help` explains each with an example.");
  return Command(group, chosen_);
}

Command Command::Add(const std::string& name, const std::string& help, const std::string& example) {
  CLI::App* command = app_->add_subcommand(name, help);
  command->footer(Footer(example));
  return Command(command, chosen_);
}

Command& Command::Option(const std::string& name, std::string* value, const std::string& help, Need need) {
  SetNeed(app_->add_option(name, *value, help), need);
  return *this;
}

Command& Command::Option(const std::string& name, std::int64_t* value, const std::string& help, Need need) {
  const auto set = [name, value](const std::string& text) { *value = ParseWhole(name, text); };
  SetNeed(app_->add_option_function<std::string>(name, set, help)->type_name("NUMBER"), need);
  return *this;
}

Command& Command::Option(const std::string& name, std::optional<std::string>* value, const std::string& help) {
  app_->add_option_function<std::string>(
      name, [value](const std::string& text) { *value = text; }, help);
  return *this;
}

Command& Command::Option(const std::string& name, std::optional<std::int64_t>* value, const std::string& help) {
  const auto set = [name, value](const std::string& text) { *value = ParseWhole(name, text); };
  app_->add_option_function<std::string>(name, set, help)->type_name("NUMBER");
  return *this;
}

Command& Command::Option(const std::string& name, std::vector<std::string>* values, const std::string& help,
                         Need need) {
  SetNeed(app_->add_option(name, *values, help), need);
  return *this;
}

Command& Command::Flag(const std::string& name, bool* value, const std::string& help) {
  app_->add_flag(name, *value, help);
  return *this;
}

Command& Command::Choice(const std::string& name, std::string* value, const std::vector<std::string>& words,
                         const std::string& help, Need need) {
  SetNeed(app_->add_option(name, *value, help)->check(CLI::IsMember(words)), need);
  return *this;
}

Command& Command::Run(std::function<void()> action) {
  app_->callback([chosen = chosen_, action = std::move(action)] { *chosen = action; });
  return *this;
}

Parser::Parser(const std::string& program, const std::string& version, const std::string& help,
               const std::string& example)
    : app_(std::make_unique<CLI::App>(help, program)) {
  app_->require_subcommand(1);
  app_->set_version_flag("--version", program + " " + version, "Prints the version");
  // Options of the whole program may stand behind a command too.
  app_->fallthrough();
  app_->footer(Footer(example));
}

Parser::~Parser() = default;

Command Parser::root() { return Command(app_.get(), &chosen_); }

Parser::Outcome Parser::Parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    app_->exit(wanted, std::cout, std::cerr);
    return {};
  } catch (const CLI::RequiredError& wrong) {
    // Said of a word that is no command, too.
    const std::vector<std::string> unknown = app_->remaining(true);
    if (unknown.empty()) {
      app_->exit(wrong, std::cerr, std::cerr);
    } else {
      std::cerr << "There is no command or option '" << unknown.front() << "'.\nRun with --help for more information."
                << std::endl;
    }
    return {nullptr, kWrongUsage};
  } catch (const CLI::ParseError& wrong) {
    app_->exit(wrong, std::cerr, std::cerr);
    return {nullptr, kWrongUsage};
  }
  return {std::move(chosen_), 0};
}

}  // namespace multihub::cli
