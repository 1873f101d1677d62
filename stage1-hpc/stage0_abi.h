// SPDX-License-Identifier: Apache-2.0
// stage0_abi.h: the descriptors that the elected rank hands to stage0, and stage0 to stage1.
// The ABI between the stages is this, the pod manifest (manifest.h) and protocol.h; nothing else is shared.
#pragma once

namespace sabot {

inline constexpr int kDoorFd = 3;  // the keeper's end of the rendezvous; stage0 passes it on to stage1
inline constexpr int kStage0RequestFd = 0;   // the request, one packet in a pipe
inline constexpr int kStage1ManifestFd = 0;  // the pod manifest, in a pipe
inline constexpr int kStage1ImageFd = 4;     // the image, a squashfs file
inline constexpr int kStage1ProfileFd = 5;   // its start profile, a file; may be closed: there is none

// `sabot run` of a directory starts `sabot-stage1-dir MANIFEST DIRECTORY COMMAND...`: two numbers of
// descriptors, since no fixed one may be taken from the command, and no rank waits anywhere.

}  // namespace sabot
