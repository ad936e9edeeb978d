# gRPC links RE2. Debian ships no CMake file for it, so gRPC asks pkg-config, fourteen times over;
# on Debian 13 each answer takes 3 s, because pkgconf walks the graph of Abseil's modules. The
# library is all that a link needs.
find_library(TQDB_RE2_LIBRARY re2)
mark_as_advanced(TQDB_RE2_LIBRARY)
if(NOT TQDB_RE2_LIBRARY)
  set(re2_FOUND FALSE)
  return()
endif()
if(NOT TARGET re2::re2)
  add_library(re2::re2 UNKNOWN IMPORTED)
  set_target_properties(re2::re2 PROPERTIES IMPORTED_LOCATION "${TQDB_RE2_LIBRARY}")
endif()
