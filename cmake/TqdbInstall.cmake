# What a program outside of this tree uses: the targets tqdb::client, tqdb::storage and tqdb::core,
# their headers below one folder tqdb/, and what `cmake --install` writes.
#
# In here the sources name each other from the root of the repository ("core/codec/codec.h").
# Folders named core, storage or client would meet those of other projects on a user's include path,
# so users get a copy of the public headers in which each is named from tqdb/.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# Targets of which a user names three; the others are what these are made of.
set(TQDB_LIBRARIES base values core)
set(TQDB_HEADERS core/space/vector_space.h)
if(NOT TQDB_CORE_ONLY)
  list(APPEND TQDB_LIBRARIES words filter filter_json payload sparse storage proto client)
  list(APPEND TQDB_HEADERS client/cpp/client.h storage/api/database.h)
endif()

# Writes the copies: TQDB_HEADERS, and whatever they include.
set(TQDB_INCLUDE_DIR ${PROJECT_BINARY_DIR}/include)
set(waiting ${TQDB_HEADERS})
set(copied "")
while(waiting)
  list(POP_FRONT waiting header)
  list(APPEND copied ${header})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${header})
  file(READ ${PROJECT_SOURCE_DIR}/${header} text)
  set(include "#include \"((base|client|core|storage|values)/[a-z0-9_/]+\\.h)\"")
  string(REGEX MATCHALL "${include}" found "${text}")
  foreach(line IN LISTS found)
    string(REGEX REPLACE "${include}" "\\1" name "${line}")
    if(NOT name IN_LIST copied AND NOT name IN_LIST waiting)
      list(APPEND waiting ${name})
    endif()
  endforeach()
  string(REGEX REPLACE "${include}" "#include \"tqdb/\\1\"" text "${text}")
  file(CONFIGURE OUTPUT ${TQDB_INCLUDE_DIR}/tqdb/${header} CONTENT "${text}" @ONLY)
endwhile()
# A header that is public no longer must not stay from an earlier configuration.
file(GLOB_RECURSE present RELATIVE ${TQDB_INCLUDE_DIR}/tqdb ${TQDB_INCLUDE_DIR}/tqdb/*.h)
foreach(header IN LISTS present)
  if(NOT header IN_LIST copied)
    file(REMOVE ${TQDB_INCLUDE_DIR}/tqdb/${header})
  endif()
endforeach()

foreach(name IN LISTS TQDB_LIBRARIES)
  add_library(tqdb::${name} ALIAS tqdb_${name})
  set_target_properties(tqdb_${name} PROPERTIES EXPORT_NAME ${name})
endforeach()
target_compile_features(tqdb_base PUBLIC cxx_std_20)
if(NOT PROJECT_IS_TOP_LEVEL)
  target_include_directories(tqdb_base INTERFACE $<BUILD_INTERFACE:${TQDB_INCLUDE_DIR}>)
endif()

if(NOT TQDB_INSTALL)
  return()
endif()

# --- dev: libraries, headers, the packages of CMake and of pkg-config.
set(TQDB_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/tqdb)
list(TRANSFORM TQDB_LIBRARIES PREPEND tqdb_ OUTPUT_VARIABLE targets)
install(TARGETS ${targets} EXPORT tqdbTargets COMPONENT dev
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
foreach(header IN LISTS copied)
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES ${TQDB_INCLUDE_DIR}/tqdb/${header} COMPONENT dev
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tqdb/${folder})
endforeach()
install(EXPORT tqdbTargets NAMESPACE tqdb:: DESTINATION ${TQDB_CMAKE_DIR} COMPONENT dev)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/tqdbConfig.cmake.in
  ${PROJECT_BINARY_DIR}/package/tqdbConfig.cmake INSTALL_DESTINATION ${TQDB_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/tqdbConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/tqdbConfig.cmake
              ${PROJECT_BINARY_DIR}/package/tqdbConfigVersion.cmake
        DESTINATION ${TQDB_CMAKE_DIR} COMPONENT dev)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/re2/re2Config.cmake
        DESTINATION ${TQDB_CMAKE_DIR}/re2 COMPONENT dev)

# tqdb_pkgconfig(NAME DESCRIPTION REQUIRES LIBS): the archives are static, so everything that they
# need stands where a plain `pkg-config --libs` finds it.
function(tqdb_pkgconfig name description requires libs)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/package/tqdb-${name}.pc @ONLY CONTENT
"prefix=\${pcfiledir}/../..
libdir=\${prefix}/@CMAKE_INSTALL_LIBDIR@
includedir=\${prefix}/@CMAKE_INSTALL_INCLUDEDIR@

Name: tqdb-@name@
Description: @description@ (C++20)
URL: @PROJECT_HOMEPAGE_URL@
Version: @PROJECT_VERSION@
Requires: @requires@
Cflags: -I\${includedir}
Libs: -L\${libdir} @libs@
")
  install(FILES ${PROJECT_BINARY_DIR}/package/tqdb-${name}.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endfunction()
tqdb_pkgconfig(core "Codec and search of embeddings in memory"
  "absl_flat_hash_map absl_flat_hash_set absl_status absl_statusor absl_strings absl_str_format \
absl_span absl_synchronization absl_time"
  "-ltqdb_core -ltqdb_values -ltqdb_base -pthread")
if(NOT TQDB_CORE_ONLY)
  tqdb_pkgconfig(storage "Embedded vector database"
    "tqdb-core rocksdb icu-uc nlohmann_json absl_inlined_vector"
    "-ltqdb_storage -ltqdb_sparse -ltqdb_payload -ltqdb_filter_json -ltqdb_filter -ltqdb_words \
-lroaring")
  tqdb_pkgconfig(client "Client of the vector database tqdb"
    "tqdb-core grpc++ protobuf libcrypto icu-uc nlohmann_json absl_hash"
    "-ltqdb_client -ltqdb_proto -ltqdb_filter_json -ltqdb_filter -ltqdb_words")
endif()

if(TQDB_CORE_ONLY)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT dev)
  return()
endif()

# --- cli: the command and what completes its words in a shell, which it prints itself.
install(TARGETS tqdb RUNTIME COMPONENT cli)
install(CODE "
  set(share \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}\")
  foreach(file bash-completion/completions/tqdb zsh/site-functions/_tqdb
               fish/vendor_completions.d/tqdb.fish)
    string(REGEX MATCH \"^[a-z]+\" shell \${file})
    execute_process(COMMAND \"$<TARGET_FILE:tqdb>\" completion \${shell}
                    OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
    file(WRITE \"\${share}/\${file}\" \"\${text}\")
    message(STATUS \"Installing: \${share}/\${file}\")
  endforeach()" COMPONENT cli)

# --- server: the program, its systemd unit with the path of the program in it, and the
# configuration as an example: the file of an administrator in /etc is not overwritten.
install(TARGETS tqdb_server_main RUNTIME COMPONENT server)
install(CODE "
  file(READ \"${PROJECT_SOURCE_DIR}/deploy/tqdb.service\" text)
  string(REPLACE \"ExecStart=/usr/local/bin/\"
         \"ExecStart=\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/\" text \"\${text}\")
  set(unit \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/tqdb.service\")
  file(WRITE \"\${unit}\" \"\${text}\")
  message(STATUS \"Installing: \${unit}\")" COMPONENT server)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/tqdb.conf
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT server)
# The licence is in a folder of each package: two packages cannot hold one file.
foreach(pair server:tqdb-server cli:tqdb dev:libtqdb-dev)
  string(REGEX MATCHALL "[^:]+" pair ${pair})
  list(GET pair 0 component)
  list(GET pair 1 package)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package}
          COMPONENT ${component})
endforeach()

if(PROJECT_IS_TOP_LEVEL)
  include(TqdbPackages)
endif()
