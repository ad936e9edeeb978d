# Everything comes from Debian packages. ARCHITECTURE.md says why each is there.
if(NOT PROJECT_IS_TOP_LEVEL)
  set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)  # a parent that links our targets links these
endif()
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
if(NOT TQDB_CORE_ONLY)
  find_package(Protobuf REQUIRED)
  list(APPEND CMAKE_PREFIX_PATH "${PROJECT_SOURCE_DIR}/cmake/re2")  # see the file in it
  find_package(gRPC CONFIG REQUIRED)
  find_package(RocksDB CONFIG REQUIRED)
  find_package(spdlog CONFIG REQUIRED)
  find_package(CLI11 CONFIG REQUIRED)
  find_package(nlohmann_json CONFIG REQUIRED)
  find_package(roaring CONFIG REQUIRED)
  find_package(ICU REQUIRED COMPONENTS uc)
  find_package(prometheus-cpp CONFIG REQUIRED)
  find_package(Boost CONFIG REQUIRED)  # headers alone: Asio and Beast
endif()
if(TQDB_BUILD_TESTS)
  find_package(GTest CONFIG REQUIRED)
endif()
