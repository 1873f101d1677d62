// SPDX-License-Identifier: Apache-2.0
// fuse_server.cc: the session on the device, and the threads that read it.
// Not here: the answers (fuse_answers.cc), the mount (fuse_mount.cc).
#include "fs/fuse_server.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include <fuse3/fuse_log.h>
#include "fs/fuse_answers.h"
#include "sys/error.h"
#include "sys/signals_blocked.h"

namespace sabot {
namespace {

constexpr unsigned kWorkersMax = 64;

void discard_log(fuse_log_level, const char*, va_list) {}  // libraries throw, programs speak

// What libfuse itself would allocate: 256 pages of payload and one for the headers (FUSE_MAX_MAX_PAGES). A
// smaller one the kernel refuses, whatever the request.
constexpr std::size_t kReceiveBytes = 257 * 4096;

}  // namespace

struct FuseServer::Impl {
  Impl(ImageTree tree, Ownership owner) : served{std::move(tree), owner} { sem_init(&wake, 0, 0); }
  ~Impl() {
    if (session != nullptr) fuse_session_destroy(session);  // closes the device
    sem_destroy(&wake);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  static void* work(void* self);
  int receive(char* buffer);

  Served served;
  fuse_session* session = nullptr;
  unsigned workers = 1;
  sem_t wake;  // posted by stop(), and by a worker that ends
  std::atomic<int> error{0};
  std::vector<pthread_t> threads;
};

FuseServer::FuseServer(UniqueFd fuse_device, ImageTree tree, Ownership owner, unsigned workers)
    : impl_(std::make_unique<Impl>(std::move(tree), owner)) {
  fuse_set_log_func(discard_log);
  char name[] = "sabot";
  char* argv[] = {name, nullptr};
  fuse_args args = FUSE_ARGS_INIT(1, argv);
  impl_->session = fuse_session_new(&args, &fuse_answers(), sizeof(fuse_lowlevel_ops), &impl_->served);
  fuse_opt_free_args(&args);
  if (impl_->session == nullptr) throw Refused("libfuse makes no session");
  const std::string device =
      "/dev/fd/" + std::to_string(fuse_device.get());  // a number to libfuse, never opened
  if (fuse_session_mount(impl_->session, device.c_str()) != 0)
    throw Refused("libfuse does not take the opened device");
  (void)fuse_device.release();  // the session closes it
  impl_->workers = workers == 0 ? 2 : std::min(workers, kWorkersMax);
}

FuseServer::~FuseServer() = default;

const ImageTree& FuseServer::tree() const { return impl_->served.tree; }

// One request. Reading is the only place where a worker may be cancelled: a blocked read(2) wakes one thread
// per request, which poll(2) does not, and no signal is needed to leave it. Our own read, not libfuse's: that
// one may print, and a thread that is cancelled in stdio keeps its lock for ever. Returns the size; 0 when
// the mount is gone; -errno.
int FuseServer::Impl::receive(char* buffer) {
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
  const ssize_t got = ::read(fuse_session_fd(session), buffer, kReceiveBytes);
  const int err = errno;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
  if (got >= 0) return static_cast<int>(got);
  return err == ENODEV ? 0 : -err;
}

void* FuseServer::Impl::work(void* self) {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
  Impl& impl = *static_cast<Impl*>(self);
  const auto memory = std::make_unique_for_overwrite<char[]>(kReceiveBytes);  // mostly never touched
  while (fuse_session_exited(impl.session) == 0) {
    const int got = impl.receive(memory.get());
    if (got == -EINTR || got == -EAGAIN || got == -ENOENT) continue;  // ENOENT: the request was interrupted
    if (got < 0) impl.error = -got;
    if (got <= 0) break;
    fuse_buf request{};
    request.mem = memory.get();
    request.size = static_cast<std::size_t>(got);
    fuse_session_process_buf(impl.session, &request);
  }
  fuse_session_exit(impl.session);
  sem_post(&impl.wake);
  return nullptr;
}

void FuseServer::serve() {
  Impl& impl = *impl_;
  int failed = 0;
  {
    const AllSignalsBlocked blocked;
    while (failed == 0 && impl.threads.size() < impl.workers) {
      pthread_t thread;
      failed = pthread_create(&thread, nullptr, Impl::work, &impl);
      if (failed == 0) impl.threads.push_back(thread);
    }
  }
  while (failed == 0 && sem_wait(&impl.wake) != 0) {
  }
  fuse_session_exit(impl.session);
  for (const pthread_t thread : impl.threads) pthread_cancel(thread);
  for (const pthread_t thread : impl.threads) pthread_join(thread, nullptr);
  impl.threads.clear();
  if (failed != 0) throw Error(failed, "pthread_create");
  if (impl.error != 0) throw Error(impl.error, "read of the FUSE device");
}

void FuseServer::stop() noexcept { sem_post(&impl_->wake); }

}  // namespace sabot
