#include "support/proxies.h"

#include <unistd.h>

#include <stdexcept>
#include <string>

#include "support/free_port.h"

namespace multihub::support {
namespace {

constexpr std::chrono::seconds kStartTimeout{60};

std::string NginxConfig(const std::string& dir, std::uint16_t port, std::uint16_t backend_port,
                        const std::optional<TlsFiles>& tls) {
  std::string config;
  // One process: a killed master would leave its workers behind.
  config += "daemon off;\nmaster_process off;\n";
  if (::geteuid() == 0) config += "user root;\n";
  config += "error_log stderr error;\npid " + dir + "/nginx.pid;\nworker_rlimit_nofile 8192;\n";
  config += "events { worker_connections 4096; }\n";
  config += "http {\n  access_log off;\n";
  for (const char* name : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    config += std::string("  ") + name + "_temp_path " + dir + "/" + name + ";\n";
  }
  config += "  keepalive_requests 1000000;\n";
  config += "  upstream gateway {\n    server 127.0.0.1:" + std::to_string(backend_port) +
            " max_fails=0;\n    keepalive 32;\n    keepalive_requests 1000000;\n  }\n";
  config += "  server {\n    listen 127.0.0.1:" + std::to_string(port) + " backlog=4096" + (tls ? " ssl" : "") + ";\n";
  if (tls) config += "    ssl_certificate " + tls->certificate + ";\n    ssl_certificate_key " + tls->key + ";\n";
  config += "    location / {\n";
  config +=
      "      proxy_pass http://gateway;\n      proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n";
  config += "      proxy_next_upstream off;\n      proxy_read_timeout 120s;\n    }\n  }\n}\n";
  return config;
}

std::string HaproxyConfig(std::uint16_t port, std::uint16_t backend_port) {
  return "global\n  maxconn 4096\n  nbthread 1\n"
         "defaults\n  mode http\n  retries 0\n  timeout connect 10s\n  timeout client 120s\n  timeout server 120s\n"
         "frontend merchants\n  bind 127.0.0.1:" +
         std::to_string(port) +
         "\n  default_backend gateway\n"
         "backend gateway\n  http-reuse always\n  server gateway 127.0.0.1:" +
         std::to_string(backend_port) + "\n";
}

std::unique_ptr<ChildProcess> StartProxy(std::vector<std::string> argv, std::uint16_t port) {
  SpawnOptions options;
  options.argv = std::move(argv);
  // Debian keeps both outside of an ordinary user's PATH.
  options.env["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  auto process = std::make_unique<ChildProcess>(std::move(options));
  if (!WaitForPort(port, kStartTimeout) || !process->running()) {
    throw std::runtime_error("the proxy did not start: " + process->Output(Stream::kStderr));
  }
  return process;
}

}  // namespace

TlsFiles MakeSelfSigned(const TempDir& dir, const std::string& host) {
  const TlsFiles files{dir.File("certificate.pem"), dir.File("key.pem")};
  SpawnOptions make;
  make.argv = {
      "openssl", "req",     "-x509", "-newkey",        "ec",          "-pkeyopt", "ec_paramgen_curve:prime256v1",
      "-nodes",  "-days",   "2",     "-subj",          "/CN=" + host, "-addext",  "subjectAltName=DNS:" + host,
      "-keyout", files.key, "-out",  files.certificate};
  const RunResult made = Run(std::move(make));
  if (made.exit_code != 0) throw std::runtime_error("openssl made no certificate: " + made.err);
  return files;
}

NginxProxy::NginxProxy(std::uint16_t backend_port, const std::optional<TlsFiles>& tls) : port_(FreePort()) {
  const std::string config = dir_.File("nginx.conf");
  WriteFile(config, NginxConfig(dir_.path(), port_, backend_port, tls));
  process_ = StartProxy({"/usr/sbin/nginx", "-p", dir_.path(), "-e", "stderr", "-c", config}, port_);
}

HaproxyProxy::HaproxyProxy(std::uint16_t backend_port) : port_(FreePort()) {
  const std::string config = dir_.File("haproxy.cfg");
  WriteFile(config, HaproxyConfig(port_, backend_port));
  process_ = StartProxy({"/usr/sbin/haproxy", "-db", "-q", "-f", config}, port_);
}

}  // namespace multihub::support
