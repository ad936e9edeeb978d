# Debian packages, by `cpack -G DEB` in a build folder: tqdb-server (the service), tqdb (the command
# line) and libtqdb-dev. What the programs need at run time is read from them by dpkg-shlibdeps.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tqdb)
set(CPACK_PACKAGE_CONTACT "The tqdb authors <tqdb@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Embedding vector database with TurboQuant codes")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENTS_ALL server server-etc cli dev)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)

# The configuration belongs to the administrator once it is there: dpkg asks before it changes it.
install(FILES ${PROJECT_SOURCE_DIR}/deploy/tqdb.conf DESTINATION /etc COMPONENT server-etc
        EXCLUDE_FROM_ALL)

set(CPACK_DEBIAN_SERVER_PACKAGE_NAME tqdb-server)
set(CPACK_DEBIAN_SERVER_PACKAGE_SECTION database)
set(CPACK_DEBIAN_SERVER_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/deploy/debian/conffiles ${PROJECT_SOURCE_DIR}/deploy/debian/postinst
  ${PROJECT_SOURCE_DIR}/deploy/debian/prerm ${PROJECT_SOURCE_DIR}/deploy/debian/postrm)
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_CLI_PACKAGE_NAME tqdb)
set(CPACK_DEBIAN_CLI_PACKAGE_SECTION database)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libtqdb-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "libabsl-dev, libgrpc++-dev, libicu-dev, libprotobuf-dev, libroaring-dev, librocksdb-dev, \
libssl-dev, nlohmann-json3-dev")

include(CPack)
cpack_add_component(server GROUP server)
cpack_add_component(server-etc GROUP server)
cpack_add_component(cli GROUP cli)
cpack_add_component(dev GROUP dev)
cpack_add_component_group(server DESCRIPTION "Server of the embedding vector database tqdb")
cpack_add_component_group(cli DESCRIPTION "Command line of the embedding vector database tqdb")
cpack_add_component_group(dev DESCRIPTION "C++ client and embedded database of tqdb, static")
