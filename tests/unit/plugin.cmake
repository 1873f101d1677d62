# SPDX-License-Identifier: Apache-2.0
# The plugin's own sources in a fake host: as spank-plugin/CMakeLists.txt builds them, but with sanitizers where the
# rest has them. fake_sabot stands where the plugin looks for stage0.
add_library(plugin_under_test OBJECT
  ${PROJECT_SOURCE_DIR}/spank-plugin/client.cc
  ${PROJECT_SOURCE_DIR}/spank-plugin/components.cc
  ${PROJECT_SOURCE_DIR}/spank-plugin/options.cc
  ${PROJECT_SOURCE_DIR}/spank-plugin/plugin.cc
  ${PROJECT_SOURCE_DIR}/spank-plugin/site.cc
  ${PROJECT_SOURCE_DIR}/spank-plugin/slurm_options.cc
  ${PROJECT_SOURCE_DIR}/spank-plugin/step.cc
  ${PROJECT_SOURCE_DIR}/stage1-hpc/command_path.cc
  ${PROJECT_SOURCE_DIR}/stage1-hpc/packet.cc
  ${PROJECT_SOURCE_DIR}/stage1-hpc/rank_entry.cc
  ${PROJECT_SOURCE_DIR}/stage1-hpc/rendezvous.cc
  ${PROJECT_SOURCE_DIR}/stage1-hpc/seat.cc)
target_include_directories(plugin_under_test PUBLIC
  ${SABOT_SPANK_H} ${PROJECT_SOURCE_DIR}/stage1-hpc ${PROJECT_SOURCE_DIR}/spank-plugin)
target_compile_definitions(plugin_under_test PUBLIC
  SABOT_LIBEXEC_DIR="${SABOT_LIBEXEC_DIR}" SABOT_CONFIG_FILE="${SABOT_CONFIG_FILE}"
  SABOT_STAGE0_FROM_LIBEXEC="${SABOT_STAGE0_FROM_LIBEXEC}")
target_compile_options(plugin_under_test PRIVATE
  -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-asynchronous-unwind-tables)

add_executable(fake_sabot plugin/fake_sabot.cc)
target_link_libraries(fake_sabot PRIVATE sabot_rank)

sabot_unit_test(unit_plugin
  SOURCES
    plugin/fake_spank.cc
    plugin/process_state.cc
    plugin/scenario.cc
    plugin/test_client.cc
    plugin/test_components.cc
    plugin/test_contexts.cc
    plugin/test_faults.cc
    plugin/test_options.cc
    plugin/test_rank.cc
    plugin/test_step.cc
  LIBRARIES plugin_under_test)
target_compile_definitions(unit_plugin PRIVATE SABOT_FAKE_SABOT="$<TARGET_FILE:fake_sabot>")
set_target_properties(unit_plugin PROPERTIES ENABLE_EXPORTS ON)  # client.cc looks for srun's own symbols
add_dependencies(unit_plugin fake_sabot)
