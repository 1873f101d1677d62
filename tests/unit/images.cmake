# SPDX-License-Identifier: Apache-2.0
sabot_unit_test(unit_images
  SOURCES
    images/support.cc
    images/test_aci.cc
    images/test_archives.cc
    images/test_directory.cc
    images/test_foreign.cc
    images/test_launch_config.cc
    images/test_layers.cc
    images/test_oci.cc
    images/test_reference.cc
    images/test_registry.cc
    images/test_registry_credentials.cc
    images/test_store.cc
    images/test_store_gc.cc
    images/test_store_shared.cc
    images/test_tar.cc
  LIBRARIES sabot_import)
