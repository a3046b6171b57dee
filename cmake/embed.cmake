# Files of the tree compiled into the binary, so that it needs nothing beside it.

# multihub_embed(TARGET NAME DEFINITION [OPTIONS ...] FILES ...): build/generated/NAME.cpp says DEFINITION, and is made
# anew when one of the files changes.
function(multihub_embed target name definition)
  cmake_parse_arguments(ARG "" "" "OPTIONS;FILES" ${ARGN})
  set(out "${CMAKE_BINARY_DIR}/generated/${name}.cpp")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARG_FILES})
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT "@definition@")
  set_source_files_properties(${out} PROPERTIES COMPILE_OPTIONS "${ARG_OPTIONS}")
  target_sources(${target} PRIVATE ${out})
endfunction()

# Sets OUT to a file's text as a literal of C++.
function(multihub_literal out path)
  file(READ ${path} text)
  set(${out} "R\"embedded(${text})embedded\"" PARENT_SCOPE)
endfunction()

# Every tests/conformance/cases/*.yaml, and the description of the sandbox beside them (src/conformance/embedded_cases.h).
function(multihub_embed_cases target)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/conformance/cases/*.yaml)
  list(APPEND files ${CMAKE_SOURCE_DIR}/tests/conformance/sandbox.yaml)
  set(rows "")
  foreach(path ${files})
    multihub_literal(text ${path})
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${path})
    string(APPEND rows "    {\"${name}\", ${text}},\n")
  endforeach()
  multihub_embed(${target} embedded_cases "#include \"conformance/embedded_cases.h\"
namespace multihub::conformance {
const std::vector<EmbeddedFile>& EmbeddedFiles() {
  static const std::vector<EmbeddedFile> all = {
${rows}  };
  return all;
}
}  // namespace multihub::conformance
" FILES ${files})
endfunction()

# docs/contract/openapi.json (src/http/openapi_document.h).
function(multihub_embed_contract target)
  set(path "${CMAKE_SOURCE_DIR}/docs/contract/openapi.json")
  multihub_literal(text ${path})
  # Longer than what every compiler has to support.
  multihub_embed(${target} openapi_document "#include \"http/openapi_document.h\"
namespace multihub::http {
std::string_view OpenApiDocument() { return ${text}; }
}  // namespace multihub::http
" OPTIONS -Wno-overlength-strings FILES ${path})
endfunction()

# Every sql/<engine>/NNNN_name.sql (src/storage/embedded_migrations.h).
function(multihub_embed_sql target)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    return()
  endif()
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/*/*.sql)
  set(rows "")
  foreach(script ${scripts})
    multihub_literal(text ${script})
    get_filename_component(name ${script} NAME_WE)
    get_filename_component(dir ${script} DIRECTORY)
    get_filename_component(engine ${dir} NAME)
    string(APPEND rows "    {\"${engine}\", \"${name}\", ${text}},\n")
  endforeach()
  multihub_embed(${target} embedded_migrations "#include \"storage/embedded_migrations.h\"
namespace multihub::storage {
const std::vector<EmbeddedMigration>& EmbeddedMigrations() {
  static const std::vector<EmbeddedMigration> all = {
${rows}  };
  return all;
}
}  // namespace multihub::storage
" FILES ${scripts})
endfunction()
