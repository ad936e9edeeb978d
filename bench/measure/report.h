// Results: a table for people, or one JSON object a line.
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

// One measurement: what was measured and what came out, in the order in which it was set.
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

// What all records of one run share; a record that sets a key of the same name (threads) overrides
// it.
struct RunInfo {
  std::string bench;  // name of the subcommand
  Environment environment;
  size_t threads = 1;
  uint64_t seed = 1;
};

// Not thread-safe. JSON lines are written as they come; the table when the report ends, because the
// widths of its columns depend on all rows.
class Report {
 public:
  Report(RunInfo info, bool json, std::ostream& out);
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  void Add(const Record& record);

 private:
  // What is the same in every record stands above the table, one a line.
  void PrintTable() const;
  std::vector<std::string> SharedKeys() const;
  void PrintColumns(const std::vector<std::string>& left_out) const;

  const RunInfo info_;
  const bool json_;
  std::ostream& out_;
  std::vector<Record> records_;
};

// A number as a table shows it: four significant digits, all digits of an integer part.
std::string FormatNumber(double value);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_REPORT_H_
