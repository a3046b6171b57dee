#include <memory>

#include "cli/commands.h"
#include "multihub/base/json_writer.h"
#include "multihub/errors/code.h"

namespace multihub::cli {
namespace {

using errors::CatalogueRow;

std::string NumberOf(const CatalogueRow& row) { return std::to_string(static_cast<int>(row.code)); }

std::string HttpOf(const CatalogueRow& row) { return row.http_status == 0 ? "-" : std::to_string(row.http_status); }

std::string RetryOf(const CatalogueRow& row) {
  if (!row.reserved.empty()) return "-";
  return row.retry ? "yes" : "no";
}

std::string RenderMarkdown() {
  std::string text =
      "# Errors\n\n"
      "Written by `multihub errors --markdown` from the catalogue in `src/errors/code.cpp`; do not edit.\n\n"
      "A call succeeded when `success` is true, whatever the HTTP status. \"Retry\" says whether the same call may\n"
      "succeed later.\n\n"
      "| code | message | HTTP | retry | what happened | what to do |\n|---|---|---|---|---|---|\n";
  for (const CatalogueRow& row : errors::Catalogue()) {
    text += "| " + NumberOf(row) + " | " + std::string(row.message) + " | " + HttpOf(row) + " | " + RetryOf(row) +
            " | " + std::string(row.meaning);
    if (!row.reserved.empty()) text += " (" + std::string(row.reserved) + ")";
    text += " | " + std::string(row.advice) + " |\n";
  }
  text.pop_back();
  return text;
}

std::string RenderTable() {
  std::vector<std::vector<std::string>> table = {{"code", "http", "retry", "message"}};
  for (const CatalogueRow& row : errors::Catalogue()) {
    table.push_back({NumberOf(row), HttpOf(row), RetryOf(row), std::string(row.message)});
  }
  return FormatTable(table);
}

std::string RenderJson() {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("errors").BeginArray();
  for (const CatalogueRow& row : errors::Catalogue()) {
    writer.BeginObject().Key("code").Int(static_cast<int>(row.code)).Key("name").String(row.name);
    writer.Key("message").String(row.message).Key("http_status").Int(row.http_status).Key("retry").Bool(row.retry);
    writer.Key("reserved").String(row.reserved).Key("meaning").String(row.meaning);
    writer.Key("advice").String(row.advice).EndObject();
  }
  writer.EndArray().EndObject();
  return json;
}

}  // namespace

void AddErrors(Command* root, Context* context) {
  auto markdown = std::make_shared<bool>(false);
  root->Add("errors", "Prints the error catalogue", "multihub errors")
      .Flag("--markdown", markdown.get(), "As the page docs/errors.md")
      .Run([context, markdown] { context->Print(RenderJson(), *markdown ? RenderMarkdown() : RenderTable()); });
}

}  // namespace multihub::cli
