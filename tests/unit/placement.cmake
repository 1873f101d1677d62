# SPDX-License-Identifier: Apache-2.0
# Machines with devices are made at build time; SABOT_TOPOLOGIES may name a folder with more of hwloc's XML.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(topologies ${CMAKE_BINARY_DIR}/tests/topologies)
add_custom_command(
  OUTPUT ${topologies}/workstation.xml
  COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/topologies/generate.py ${topologies}
  DEPENDS ${CMAKE_SOURCE_DIR}/tests/topologies/generate.py
  VERBATIM)
add_custom_target(test_topologies DEPENDS ${topologies}/workstation.xml)
sabot_unit_test(unit_placement
  SOURCES
    placement/machines.cc
    placement/test_cpu_set.cc
    placement/test_placement.cc
    placement/test_properties.cc
    placement/test_seating.cc
    placement/test_topology.cc
  LIBRARIES sabot_placement)
target_compile_definitions(unit_placement PRIVATE SABOT_TEST_TOPOLOGIES="${topologies}")
add_dependencies(unit_placement test_topologies)
