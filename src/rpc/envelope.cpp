#include "rpc/envelope.h"

#include "multihub/base/json_writer.h"
#include "multihub/base/seeded_fault.h"

namespace multihub::rpc {
namespace {

constexpr std::size_t kFrameBytes = 128;  // everything around the result

void WriteTail(base::JsonWriter* writer, std::string_view request_id, std::int64_t processing_ms) {
  writer->Key("request_id").String(request_id);
  writer->Key("processing_time");
  if (base::SeededFault("processing-time-as-text")) {
    writer->String(std::to_string(processing_ms));
  } else {
    writer->Int(processing_ms);
  }
  writer->EndObject();
}

void WriteDetails(base::JsonWriter* writer, const errors::Refusal& refusal) {
  const bool invalid_request = refusal.code == errors::Code::kInvalidRequest;
  const bool has_details = invalid_request || refusal.code == errors::Code::kCommonError;
  if (!has_details && !base::SeededFault("details-never-null")) {
    writer->Null();
    return;
  }
  writer->BeginObject();
  writer->Key("description").String(refusal.description);
  if (invalid_request) writer->Key("field").String(refusal.field);
  writer->EndObject();
}

}  // namespace

std::string RenderSuccess(std::string_view result, std::string_view request_id, std::int64_t processing_ms) {
  std::string body;
  body.reserve(result.size() + kFrameBytes);
  base::JsonWriter writer(&body);
  writer.BeginObject();
  writer.Key("success").Bool(true);
  writer.Key("result").Raw(result);
  WriteTail(&writer, request_id, processing_ms);
  return body;
}

std::string RenderRefusal(const errors::Refusal& refusal, std::string_view request_id, std::int64_t processing_ms) {
  std::string body;
  body.reserve(refusal.description.size() + refusal.field.size() + refusal.context.size() + 2 * kFrameBytes);
  base::JsonWriter writer(&body);
  writer.BeginObject();
  writer.Key("success").Bool(false);
  writer.Key("error").BeginObject();
  writer.Key("code").Int(static_cast<std::int64_t>(refusal.code));
  writer.Key("message").String(errors::RowOf(refusal.code).message);
  writer.Key("details");
  WriteDetails(&writer, refusal);
  if (!refusal.context.empty()) {
    writer.Key("context").Raw(refusal.context);
  } else if (!base::SeededFault("context-missing")) {
    writer.Key("context").Null();
  }
  writer.EndObject();
  WriteTail(&writer, request_id, processing_ms);
  return body;
}

}  // namespace multihub::rpc
