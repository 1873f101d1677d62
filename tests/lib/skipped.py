#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# skipped.py JUNIT: names the skipped tests with their reasons. Fails when one could have run on this machine: when
# its reason is not that the machine itself cannot ("SKIP: this machine ...").
import re
import sys
import xml.etree.ElementTree as tree

avoidable = 0
for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
    if case.find("skipped") is None:
        continue
    output = case.findtext("system-out") or ""
    reason = re.search(r"SKIP: (.*)", output)
    reason = reason.group(1) if reason else "no reason given"
    print(f"skipped: {case.get('name')}: {reason}")
    avoidable += not reason.startswith("this machine")
sys.exit(1 if avoidable else 0)
