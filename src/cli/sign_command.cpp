#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "cli/commands.h"
#include "cli/refused.h"
#include "cli/security.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/base/json_writer.h"

namespace multihub::cli {
namespace {

struct SignOptions {
  std::optional<std::string> file;
  std::optional<std::string> secret_file;
};

std::string ReadAll(std::istream& stream) { return {std::istreambuf_iterator<char>(stream), {}}; }

std::string ReadInput(const std::optional<std::string>& file) {
  if (!file) return ReadAll(std::cin);
  std::ifstream stream(*file, std::ios::binary);
  std::string bytes;
  if (stream) bytes = ReadAll(stream);
  if (!stream) throw Refused("The file " + *file + " cannot be read.");
  return bytes;
}

void Sign(Context* context, const SignOptions& options) {
  const base::SecretString secret = ReadCallerSecret(options.secret_file);
  const std::string bytes = ReadInput(options.file);
  const std::string hash = base::HexEncode(base::Sha512({bytes, secret.Reveal()}));
  std::string json;
  base::JsonWriter(&json).BeginObject().Key("x_data_hash").String(hash).EndObject();
  context->Print(json, hash);
}

}  // namespace

void AddSign(Command* root, Context* context) {
  auto options = std::make_shared<SignOptions>();
  root->Add("sign", "Prints the X-Data-Hash of the bytes on stdin or in a file",
            "MULTIHUB_SECRET=... multihub sign request.json")
      .Option("file", &options->file, "The exact bytes that will be sent; stdin when left out")
      .Option("--secret-file", &options->secret_file, "File with the secret (or the variable MULTIHUB_SECRET)")
      .Run([context, options] { Sign(context, *options); });
}

}  // namespace multihub::cli
