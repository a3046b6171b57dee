# Compiles every tests/conformance/cases/*.yaml, and the description of the sandbox beside them, into the binary as one
# table of raw strings (declared in src/conformance/embedded_cases.h).
function(multihub_embed_cases target)
  set(out "${CMAKE_BINARY_DIR}/generated/embedded_cases.cpp")
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/conformance/cases/*.yaml)
  list(APPEND files ${CMAKE_SOURCE_DIR}/tests/conformance/sandbox.yaml)
  set(rows "")
  foreach(path ${files})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
    file(READ ${path} text)
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${path})
    string(APPEND rows "    {\"${name}\", R\"embedded(${text})embedded\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"#include \"conformance/embedded_cases.h\"
namespace multihub::conformance {
const std::vector<EmbeddedFile>& EmbeddedFiles() {
  static const std::vector<EmbeddedFile> all = {
@rows@  };
  return all;
}
}  // namespace multihub::conformance
")
  target_sources(${target} PRIVATE ${out})
endfunction()
