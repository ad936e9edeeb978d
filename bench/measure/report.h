// Results of a run: a table for people, or one JSON object a line for programs.
#ifndef TQDB_BENCH_MEASURE_REPORT_H_
#define TQDB_BENCH_MEASURE_REPORT_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bench/measure/environment.h"

namespace tqdb::bench {

// One measurement: settings and results, in the order in which they were set.
class Record {
 public:
  using Value = std::variant<std::string, bool, double, uint64_t, int>;

  Record& Set(const std::string& key, const std::string& value) { return SetValue(key, value); }
  Record& Set(const std::string& key, const char* value) {
    return SetValue(key, std::string(value));
  }
  Record& Set(const std::string& key, bool value) { return SetValue(key, value); }
  Record& Set(const std::string& key, double value) { return SetValue(key, value); }
  Record& Set(const std::string& key, uint64_t value) { return SetValue(key, value); }
  Record& Set(const std::string& key, int value) { return SetValue(key, value); }

  // Returns null when the key was not set.
  const Value* Find(const std::string& key) const;
  const std::vector<std::pair<std::string, Value>>& fields() const { return fields_; }

 private:
  Record& SetValue(const std::string& key, Value value);

  std::vector<std::pair<std::string, Value>> fields_;  // in the order in which they were first set
};

// The values that all records of one run share. A record that sets a key of the same name (threads)
// overrides it.
struct RunInfo {
  std::string bench;  // name of the subcommand
  Environment environment;
  size_t threads = 1;
  uint64_t seed = 1;
};

// A report. JSON lines are written as they come. The table is written when the report ends, because
// the widths of its columns depend on all rows.
//
// Not thread-safe.
class Report {
 public:
  Report(RunInfo info, bool json, std::ostream& out);
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  void Add(const Record& record);

 private:
  // Prints the keys with the same value in all records first, one a line, and then a table of the
  // other keys. So the table has only the columns that differ.
  void PrintTable() const;
  // Returns the keys that have the same value in all records.
  std::vector<std::string> SharedKeys() const;
  // Prints the table, without the keys in `left_out`.
  void PrintColumns(const std::vector<std::string>& left_out) const;

  const RunInfo info_;
  const bool json_;
  std::ostream& out_;
  std::vector<Record> records_;
};

// Returns a number as a table shows it: four significant digits, and all digits of the integer
// part. 0.123456 gives "0.1235", 123456.7 gives "123457".
std::string FormatNumber(double value);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_REPORT_H_
