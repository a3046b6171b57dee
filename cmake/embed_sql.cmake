# Compiles every sql/<engine>/NNNN_name.sql into the binary as one table of raw strings
# (declared in src/storage/embedded_migrations.h).
function(multihub_embed_sql target)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    return()
  endif()
  set(out "${CMAKE_BINARY_DIR}/generated/embedded_migrations.cpp")
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/*/*.sql)
  set(rows "")
  foreach(script ${scripts})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${script})
    file(READ ${script} text)
    get_filename_component(name ${script} NAME_WE)
    get_filename_component(dir ${script} DIRECTORY)
    get_filename_component(engine ${dir} NAME)
    string(APPEND rows "    {\"${engine}\", \"${name}\", R\"embedded(${text})embedded\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"#include \"storage/embedded_migrations.h\"
namespace multihub::storage {
const std::vector<EmbeddedMigration>& EmbeddedMigrations() {
  static const std::vector<EmbeddedMigration> all = {
@rows@  };
  return all;
}
}  // namespace multihub::storage
")
  target_sources(${target} PRIVATE ${out})
endfunction()
