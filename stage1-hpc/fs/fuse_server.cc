// SPDX-License-Identifier: Apache-2.0
// fuse_server.cc: the session on the device, and the threads that read it.
// Not here: the answers (fuse_answers.cc), the mount (fuse_mount.cc).
#include "fs/fuse_server.h"

#include <pthread.h>
#include <semaphore.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include <fuse3/fuse_log.h>
#include "fs/fuse_answers.h"
#include "sys/error.h"

namespace sabot {
namespace {

constexpr unsigned kWorkersMax = 64;

void discard_log(fuse_log_level, const char*, va_list) {}  // libraries throw, programs speak

// Threads inherit the mask of the thread that starts them.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

struct ReceiveBuffer {
  fuse_buf buffer{};
  ReceiveBuffer() = default;
  ReceiveBuffer(const ReceiveBuffer&) = delete;
  ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;
  ~ReceiveBuffer() { std::free(buffer.mem); }
};

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
  int receive(fuse_buf& buffer);

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

// Reading is the only place where a worker may be cancelled, as in libfuse's own loop: a blocked read(2)
// wakes one thread per request, which poll(2) does not, and no signal is needed to leave it.
int FuseServer::Impl::receive(fuse_buf& buffer) {
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
  const int got = fuse_session_receive_buf(session, &buffer);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
  return got;
}

void* FuseServer::Impl::work(void* self) {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
  Impl& impl = *static_cast<Impl*>(self);
  ReceiveBuffer request;
  while (fuse_session_exited(impl.session) == 0) {
    const int got = impl.receive(request.buffer);
    if (got == -EINTR || got == -EAGAIN) continue;
    if (got < 0) impl.error = -got;
    if (got <= 0) break;  // 0: the mount is gone (ENODEV)
    fuse_session_process_buf(impl.session, &request.buffer);
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
