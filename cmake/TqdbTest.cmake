# One test program a folder, one ctest entry a source file.
#
#   tqdb_test(NAME core_tests LABEL unit SOURCES codec_test.cc ... LIBRARIES tqdb_core
#             [TIMEOUT seconds] [NOT_EMULATED CodecTest.Slow ...])
#
# A program a folder is linked once and its sources are compiled together (a unity build), which
# takes half the time of a program a file. Each source stays an entry of ctest and a process of its
# own, so a crash takes no other file's tests along: the entry "core_tests.codec_test" runs the test
# suites that codec_test.cc names. The entry "NAME_complete" fails when the program has a test that
# belongs to no entry.
#
# Labels:
#   unit         seconds, no server, no fork; all of them within a minute
#   integration  real files, real servers
#   crash        processes that are killed
#
# NOT_EMULATED names tests that are left out where another processor is emulated: those that take
# minutes there and whose outcome does not depend on the processor.
#
# The target unit_tests builds all programs with the label unit.
add_custom_target(unit_tests)

function(tqdb_test)
  cmake_parse_arguments(T "" "NAME;LABEL;TIMEOUT" "SOURCES;LIBRARIES;NOT_EMULATED" ${ARGN})
  add_executable(${T_NAME} ${T_SOURCES})
  target_link_libraries(${T_NAME}
    PRIVATE ${T_LIBRARIES} GTest::gtest_main GTest::gmock)
  # The optimiser would take a third of the time that the compiler needs for a test, and tests spend
  # theirs in the libraries.
  target_compile_options(${T_NAME} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
  set_target_properties(${T_NAME} PROPERTIES
    UNITY_BUILD ${TQDB_UNITY_TESTS} UNITY_BUILD_BATCH_SIZE 8)
  if(T_LABEL STREQUAL unit)
    add_dependencies(unit_tests ${T_NAME})
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  set(left_out "")
  if(CMAKE_CROSSCOMPILING_EMULATOR)
    math(EXPR T_TIMEOUT "${T_TIMEOUT} * 5")
    if(T_NOT_EMULATED)
      list(JOIN T_NOT_EMULATED ":" left_out)
      string(PREPEND left_out "-")
    endif()
  endif()

  set(all_suites "")
  foreach(source ${T_SOURCES})
    # Read again whenever the file changes: it may name a new suite.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    file(STRINGS ${source} lines REGEX "^(TYPED_)?TEST(_[FP])?\\(")
    list(TRANSFORM lines REPLACE "^[A-Z_]+\\(([A-Za-z0-9_]+).*" "\\1")
    list(REMOVE_DUPLICATES lines)
    set(suites "")
    foreach(suite ${lines})
      # Plain, with a prefix of parameters, and with a type as suffix.
      list(APPEND suites "${suite}.*" "*/${suite}.*" "${suite}/*")
    endforeach()
    if(NOT suites)
      continue()  # a helper of the other sources
    endif()
    list(APPEND all_suites ${suites})
    get_filename_component(entry ${source} NAME_WE)
    list(JOIN suites ":" filter)
    add_test(NAME ${T_NAME}.${entry} COMMAND ${T_NAME} "--gtest_filter=${filter}${left_out}")
    set_tests_properties(${T_NAME}.${entry} PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT})
  endforeach()
  list(JOIN all_suites ":" filter)
  add_test(NAME ${T_NAME}_complete COMMAND ${T_NAME} --gtest_list_tests "--gtest_filter=-${filter}")
  # A list of tests has a suite a line, and each of its tests indented on a line of its own.
  set_tests_properties(${T_NAME}_complete PROPERTIES
    LABELS ${T_LABEL} FAIL_REGULAR_EXPRESSION "\n  ")
endfunction()
