# tqdb_test(NAME codec_test LABEL unit SOURCES codec_test.cc LIBRARIES tqdb_core [TIMEOUT seconds])
# One GoogleTest binary, registered with ctest as one test under its label:
#   unit         seconds, no server, no fork; all of them within a minute
#   integration  real files, real servers
#   crash        processes that are killed
function(tqdb_test)
  cmake_parse_arguments(T "" "NAME;LABEL;TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${T_NAME} ${T_SOURCES})
  target_link_libraries(${T_NAME} PRIVATE ${T_LIBRARIES} tqdb_options GTest::gtest_main GTest::gmock)
  add_test(NAME ${T_NAME} COMMAND ${T_NAME})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  if(CMAKE_CROSSCOMPILING_EMULATOR)
    math(EXPR T_TIMEOUT "${T_TIMEOUT} * 5")
  endif()
  set_tests_properties(${T_NAME} PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT})
endfunction()
