# Compiles docs/contract/openapi.json into the binary (declared in src/http/openapi_document.h).
function(multihub_embed_contract target)
  set(path "${CMAKE_SOURCE_DIR}/docs/contract/openapi.json")
  set(out "${CMAKE_BINARY_DIR}/generated/openapi_document.cpp")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(READ ${path} text)
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"#include \"http/openapi_document.h\"
namespace multihub::http {
std::string_view OpenApiDocument() { return R\"embedded(@text@)embedded\"; }
}  // namespace multihub::http
")
  # Longer than what every compiler has to support.
  set_source_files_properties(${out} PROPERTIES COMPILE_OPTIONS -Wno-overlength-strings)
  target_sources(${target} PRIVATE ${out})
endfunction()
