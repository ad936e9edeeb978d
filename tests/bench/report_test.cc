#include "bench/measure/report.h"

#include <limits>
#include <sstream>
#include <string>

#include "bench/measure/stopwatch.h"
#include "gtest/gtest.h"

namespace tqdb::bench {
namespace report_test {

RunInfo Info() { return {"demo", {"cpu", "scalar", "g++ 1", "abc", 4}, 2, 7}; }

TEST(ReportTest, JsonLinesCarryTheEnvironmentAndTheRecord) {
  std::ostringstream out;
  {
    Report report(Info(), true, out);
    report.Add(Record().Set("set", "a").Set("rows", uint64_t{5}).Set("recall_at_10", 0.5));
    report.Add(
        Record().Set("threads", uint64_t{1}).Set("rate", std::numeric_limits<double>::quiet_NaN()));
  }
  EXPECT_EQ(out.str(),
            "{\"bench\":\"demo\",\"cpu\":\"cpu\",\"kernels\":\"scalar\",\"threads\":2,\"compiler\":"
            "\"g++ 1\","
            "\"commit\":\"abc\",\"seed\":7,\"set\":\"a\",\"rows\":5,\"recall_at_10\":0.5}\n"
            "{\"bench\":\"demo\",\"cpu\":\"cpu\",\"kernels\":\"scalar\",\"threads\":1,\"compiler\":"
            "\"g++ 1\","
            "\"commit\":\"abc\",\"seed\":7}\n");
}

TEST(ReportTest, TableShowsWhatRecordsShareOnce) {
  std::ostringstream out;
  {
    Report report(Info(), false, out);
    report.Add(Record().Set("set", "a").Set("dim", 8).Set("rate", 1234.5));
    report.Add(Record().Set("set", "bcd").Set("dim", 8).Set("rate", 0.98765).Set("extra", true));
  }
  EXPECT_EQ(out.str(),
            "demo: cpu, scalar kernels, 2 threads, g++ 1, commit abc, seed 7\n\n"
            "dim  8\n\n"
            "set    rate  extra\n"
            "a      1234\n"
            "bcd  0.9877  yes\n");
}

TEST(ReportTest, OneRecordIsAList) {
  std::ostringstream out;
  {
    Report report(Info(), false, out);
    report.Add(Record().Set("set", "a").Set("recall", 1.0));
  }
  EXPECT_EQ(out.str(),
            "demo: cpu, scalar kernels, 2 threads, g++ 1, commit abc, seed 7\n\n"
            "set     a\n"
            "recall  1\n\n");
}

TEST(ReportTest, QuantilesAreMeasuredValues) {
  Latencies latencies;
  for (int i = 100; i >= 1; --i) latencies.Add(i * 1e-3);
  EXPECT_DOUBLE_EQ(latencies.QuantileMs(0.5), 50);
  EXPECT_DOUBLE_EQ(latencies.QuantileMs(0.99), 99);
  EXPECT_DOUBLE_EQ(latencies.QuantileMs(1), 100);
}

}  // namespace report_test
}  // namespace tqdb::bench
