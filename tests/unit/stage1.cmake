# SPDX-License-Identifier: Apache-2.0
sabot_unit_test(unit_stage1
  SOURCES
    fs/fake_image.cc
    stage1/support.cc
    stage1/test_admissions.cc
    stage1/test_command_path.cc stage1/test_confinement.cc
    stage1/test_manifest.cc
    stage1/test_mount_plan.cc
    stage1/test_node_remedies.cc
    stage1/test_packet.cc
    stage1/test_protocol.cc
    stage1/test_rank_entry.cc
    stage1/test_rendezvous.cc
    stage1/test_seat.cc
    stage1/test_userns.cc
  LIBRARIES sabot_stage1 sabot_rank)
