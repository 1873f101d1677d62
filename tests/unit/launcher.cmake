# SPDX-License-Identifier: Apache-2.0
sabot_unit_test(unit_launcher
  SOURCES
    fs/squashfs_fixture.cc
    launcher/support.cc
    launcher/test_check.cc
    launcher/test_environment.cc
    launcher/test_importer.cc
    launcher/test_mount_option.cc
    launcher/test_pod_builder.cc
    launcher/test_resolve.cc
    launcher/test_site_config.cc
    launcher/test_slurm_conf.cc
    launcher/test_text.cc
  LIBRARIES sabot_launcher sabot_import)
