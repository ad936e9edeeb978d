# Language, warnings and switches shared by every target.
option(TQDB_CORE_ONLY "Build core/ alone: the codec and the scan, which need only Abseil" OFF)
option(TQDB_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(TQDB_BUILD_BENCH "Build tqdb-bench" ${PROJECT_IS_TOP_LEVEL})
option(TQDB_INSTALL "Install programs, libraries and headers" ${PROJECT_IS_TOP_LEVEL})
option(TQDB_WERROR "Treat warnings as errors" OFF)
option(TQDB_UNITY "Compile a library's sources together: faster, hides missing includes" OFF)
option(TQDB_UNITY_TESTS "Compile the sources of a test program together" ON)
set(TQDB_SANITIZE "" CACHE STRING "Sanitizers to build with, for example address,undefined")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY_DEBUG "")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# Only products: cmake/TqdbTest.cmake decides about test programs.
set(CMAKE_UNITY_BUILD ${TQDB_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 10)

# For every target of ours and none of a project that adds this one. Contraction to fused
# multiply-add is off everywhere: bytes of codes must not depend on the CPU or the compiler.
add_compile_options(-Wall -Wextra -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_compile_options(-Wthread-safety)
endif()
if(TQDB_WERROR)
  add_compile_options(-Werror)
endif()

# Sanitizers apply to every target, since a program must be instrumented as a whole.
if(TQDB_SANITIZE)
  add_compile_options(-fsanitize=${TQDB_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TQDB_SANITIZE})
endif()

# The commit that a binary was built from, which --version and tqdb-bench print. Where there is no
# repository, as in an image, it is given with -DTQDB_COMMIT=...
if(NOT DEFINED CACHE{TQDB_COMMIT})
  set(TQDB_COMMIT "unknown")
  find_package(Git QUIET)
  if(GIT_FOUND)
    execute_process(COMMAND ${GIT_EXECUTABLE} -C ${PROJECT_SOURCE_DIR} rev-parse --short=12 HEAD
                    OUTPUT_VARIABLE TQDB_COMMIT_OUT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
                    RESULT_VARIABLE TQDB_COMMIT_RC)
    if(TQDB_COMMIT_RC EQUAL 0)
      set(TQDB_COMMIT ${TQDB_COMMIT_OUT})
    endif()
  endif()
endif()
