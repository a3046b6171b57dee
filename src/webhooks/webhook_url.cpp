#include "multihub/webhooks/webhook_url.h"

#include <algorithm>

#include "multihub/base/seeded_fault.h"
#include "multihub/net/address_guard.h"
#include "multihub/net/url.h"

namespace multihub::webhooks {
namespace {

using Problem = std::optional<std::string>;

// The ports browsers refuse to call, and databases, queues and control ports that a forged request could reach.
constexpr DeniedPorts kDeniedPorts[] = {
    {1, 1, "tcpmux"},
    {7, 7, "echo"},
    {9, 9, "discard"},
    {11, 11, "systat"},
    {13, 13, "daytime"},
    {15, 15, "netstat"},
    {17, 17, "qotd"},
    {19, 19, "chargen"},
    {20, 21, "ftp"},
    {22, 22, "ssh"},
    {23, 23, "telnet"},
    {25, 25, "smtp"},
    {37, 37, "time"},
    {42, 42, "name"},
    {43, 43, "whois"},
    {53, 53, "dns"},
    {69, 69, "tftp"},
    {77, 77, "rje"},
    {79, 79, "finger"},
    {87, 87, "ttylink"},
    {95, 95, "supdup"},
    {101, 104, "hostname, iso-tsap, gppitnp, acr-nema"},
    {109, 111, "pop2, pop3, sunrpc"},
    {113, 113, "auth"},
    {115, 115, "sftp"},
    {117, 117, "uucp-path"},
    {119, 119, "nntp"},
    {123, 123, "ntp"},
    {135, 135, "msrpc"},
    {137, 139, "netbios"},
    {143, 143, "imap"},
    {161, 162, "snmp"},
    {179, 179, "bgp"},
    {389, 389, "ldap"},
    {427, 427, "svrloc"},
    {445, 445, "smb"},
    {465, 465, "submissions"},
    {512, 515, "exec, login, shell, printer"},
    {526, 526, "tempo"},
    {530, 532, "courier, chat, netnews"},
    {540, 540, "uucp"},
    {548, 548, "afp"},
    {554, 554, "rtsp"},
    {556, 556, "remotefs"},
    {563, 563, "nntps"},
    {587, 587, "submission"},
    {601, 601, "syslog-conn"},
    {636, 636, "ldaps"},
    {873, 873, "rsync"},
    {989, 990, "ftps"},
    {993, 993, "imaps"},
    {995, 995, "pop3s"},
    {1433, 1434, "mssql"},
    {1521, 1521, "oracle"},
    {1719, 1720, "h323"},
    {1723, 1723, "pptp"},
    {1883, 1883, "mqtt"},
    {2049, 2049, "nfs"},
    {2181, 2181, "zookeeper"},
    {2375, 2376, "docker"},
    {2379, 2380, "etcd"},
    {3260, 3260, "iscsi"},
    {3306, 3306, "mysql"},
    {3389, 3389, "rdp"},
    {3659, 3659, "apple-sasl"},
    {4045, 4045, "lockd"},
    {4190, 4190, "sieve"},
    {4369, 4369, "epmd"},
    {5060, 5061, "sip"},
    {5432, 5432, "postgresql"},
    {5671, 5672, "amqp"},
    {5900, 5900, "vnc"},
    {6000, 6000, "x11"},
    {6379, 6379, "redis"},
    {6566, 6566, "sane"},
    {6665, 6669, "irc"},
    {6679, 6679, "ircs"},
    {6697, 6697, "ircs"},
    {8883, 8883, "mqtts"},
    {9042, 9042, "cassandra"},
    {9092, 9092, "kafka"},
    {9200, 9200, "elasticsearch"},
    {9300, 9300, "elasticsearch"},
    {10080, 10080, "amanda"},
    {10250, 10250, "kubelet"},
    {11211, 11211, "memcached"},
    {27017, 27019, "mongodb"},
};

Problem CheckPort(std::uint16_t port) {
  const auto holds = [port](const DeniedPorts& row) { return port >= row.first && port <= row.last; };
  if (std::none_of(std::begin(kDeniedPorts), std::end(kDeniedPorts), holds)) return std::nullopt;
  return "must not use a port that belongs to another service than a web server";
}

Problem CheckHost(const std::string& host, const WebhookUrlOptions& options) {
  if (base::SeededFault("decimal-address-is-a-name") && host.find_first_of(".:") == std::string::npos) return {};
  const net::HostMeaning meaning = net::LiteralHost(host);
  if (meaning.kind == net::HostMeaning::Kind::kLocalName) {
    if (options.policy.allow_loopback || options.policy.allow_private) return std::nullopt;
    return "must not point to localhost";
  }
  if (meaning.kind == net::HostMeaning::Kind::kName) return std::nullopt;
  if (!net::Judge(meaning.address, options.policy)) return std::nullopt;
  return "must not point to an address that is not public";
}

}  // namespace

std::span<const DeniedPorts> DeniedPortTable() { return kDeniedPorts; }

std::optional<std::string> CheckWebhookUrl(std::string_view url, const WebhookUrlOptions& options) {
  if (url.size() > kMaxWebhookUrl) return "must be at most " + std::to_string(kMaxWebhookUrl) + " characters long";
  const auto parsed = net::ParseUrl(url);
  if (!parsed.ok()) return parsed.error();
  if (options.require_https && parsed->scheme != "https") return "must be an https URL";
  if (parsed->has_userinfo) return "must not contain user information";
  if (parsed->has_fragment) return "must not contain a fragment";
  if (auto problem = CheckHost(parsed->host, options)) return problem;
  return CheckPort(parsed->port);
}

}  // namespace multihub::webhooks
