# SPDX-License-Identifier: Apache-2.0
sabot_unit_test(unit_fs
  SOURCES
    fs/fake_image.cc
    fs/squashfs_fixture.cc
    fs/test_fuse_server.cc
    fs/test_image_tree.cc
    fs/test_shared_cache.cc
    fs/test_start_profile.cc
    fs/test_squashfs_damage.cc
    fs/test_squashfs_reader.cc
  LIBRARIES sabot_fs)
