# cmake --install BUILD --prefix PREFIX [--strip] [--component NAME]
#   runtime  the program, the configuration with every default, the documents, and the licences of what is compiled in
#   systemd  units, to be found by systemd under PREFIX/lib/systemd/system when PREFIX is /usr or /usr/local
include(GNUInstallDirs)

install(TARGETS multihub RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
install(FILES config/multihub.yaml README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime FILES_MATCHING PATTERN "*.md"
  PATTERN "*.json" PATTERN "generator" EXCLUDE)
install(DIRECTORY deploy/systemd/ DESTINATION lib/systemd/system COMPONENT systemd
  FILES_MATCHING PATTERN "*.service" PATTERN "*.timer")

# Shared libraries bring their own licences along with their packages. Of these the program holds parts itself.
foreach(package libboost1.74-dev libcli11-dev libfmt-dev libspdlog-dev nlohmann-json3-dev)
  if(EXISTS /usr/share/doc/${package}/copyright)
    install(FILES /usr/share/doc/${package}/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR}/licences RENAME ${package}
      COMPONENT runtime)
  endif()
endforeach()
