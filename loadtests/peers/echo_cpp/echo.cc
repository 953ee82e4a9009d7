// The limit: what gRPC's own C++ server costs where no Python runs. Beside loadtests/peers/echo.py.
//
//     echo --port P --reply Single=FILE [--reply Batch=FILE ...]
//
// Answers each method /strata.bench.Echo/NAME with FILE's bytes: the message that the Python echo answers with. It
// takes the request's bytes and does not parse them. Methods without a reply end with UNIMPLEMENTED. One thread polls
// and answers, as in the Python echo; SIGTERM ends it.

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace {

using Replies = std::map<std::string, grpc::ByteBuffer>;  // by full path

// One call, from its arrival to its end; itself the tag of each of its operations on the queue.
class Call {
 public:
  Call(grpc::AsyncGenericService* service, grpc::ServerCompletionQueue* queue, const Replies* replies)
      : service_(service), queue_(queue), replies_(replies), stream_(&context_) {
    service_->RequestCall(&context_, &stream_, queue_, queue_, this);
  }

  // The operation asked for last is over. An operation that failed (a caller gone, a server ending) ends the call.
  void Proceed(bool ok) {
    if (!ok || step_ == Step::kFinished) {
      delete this;
      return;
    }
    switch (step_) {
      case Step::kArrived:
        new Call(service_, queue_, replies_);
        step_ = Step::kRead;
        stream_.Read(&request_, this);
        return;
      case Step::kRead:
        step_ = Step::kFinished;
        Answer();
        return;
      case Step::kFinished:
        return;
    }
  }

 private:
  enum class Step { kArrived, kRead, kFinished };

  void Answer() {
    const auto found = replies_->find(context_.method());
    if (found == replies_->end()) {
      stream_.Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no such method"), this);
      return;
    }
    stream_.WriteAndFinish(found->second, grpc::WriteOptions(), grpc::Status::OK, this);
  }

  grpc::AsyncGenericService* service_;
  grpc::ServerCompletionQueue* queue_;
  const Replies* replies_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  grpc::ByteBuffer request_;
  Step step_ = Step::kArrived;
};

bool ReadReply(const std::string& word, Replies* replies) {
  const auto equals = word.find('=');
  std::ifstream file(word.substr(equals + 1), std::ios::binary);
  if (equals == std::string::npos || !file) return false;
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const grpc::Slice slice(bytes);
  replies->emplace("/strata.bench.Echo/" + word.substr(0, equals), grpc::ByteBuffer(&slice, 1));
  return true;
}

int Fail(const std::string& sentence) {
  std::cerr << "echo: " << sentence << std::endl;
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::string port;
  Replies replies;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--port") {
      port = value;
    } else if (name != "--reply" || !ReadReply(value, &replies)) {
      return Fail("cannot use " + name + " " + value + "; give --port P --reply NAME=FILE");
    }
  }
  if (port.empty() || replies.empty()) return Fail("give --port P and at least one --reply NAME=FILE");

  // Before gRPC starts threads, so that each of them leaves SIGTERM to the one that waits for it.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  grpc::AsyncGenericService service;
  grpc::ServerBuilder builder;
  int bound = 0;
  builder.AddListeningPort("127.0.0.1:" + port, grpc::InsecureServerCredentials(), &bound);
  builder.RegisterAsyncGenericService(&service);
  const std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || bound == 0) return Fail("127.0.0.1:" + port + " cannot be listened on");

  std::thread waiting([&] {
    int signal = 0;
    sigwait(&ending, &signal);
    server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    queue->Shutdown();
  });
  new Call(&service, queue.get(), &replies);
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) static_cast<Call*>(tag)->Proceed(ok);
  waiting.join();
  return 0;
}
