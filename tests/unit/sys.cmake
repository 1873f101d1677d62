# SPDX-License-Identifier: Apache-2.0
sabot_unit_test(unit_sys SOURCES sys/test_files.cc LIBRARIES sabot_sys)
