//! Projects in the shapes that people host.

/// Projects in the shapes in which they are published, the posture that each comes to, and what its policy says.
pub const STACKS: &[(&str, &str, &str, &[&str])] = &[
    (
        "documents",
        "services:
  broker: {image: 'redis:7', volumes: ['redisdata:/data']}
  db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: x}, volumes: ['pgdata:/var/lib/postgresql/data']}
  webserver:
    image: registry.example/paperless
    ports: ['8000:8000']
    environment: {USERMAP_UID: '1000', USERMAP_GID: '1000'}
    volumes: ['data:/usr/src/data', './export:/usr/src/export', './consume:/usr/src/consume']
  gotenberg: {image: 'registry.example/gotenberg:8', command: [gotenberg, --chromium-disable-javascript=true]}
  tika: {image: 'registry.example/tika:latest'}
volumes: {data: {}, pgdata: {}, redisdata: {}}
",
        "hardened",
        &["service: webserver, rule: port-all-interfaces, allow: [\"8000/tcp\"]", "default: image"],
    ),
    (
        "git server",
        "services:
  server:
    image: 'registry.example/gitea:1'
    environment: {USER_UID: '1000', USER_GID: '1000'}
    restart: always
    volumes: ['./gitea:/data', '/etc/timezone:/etc/timezone:ro', '/etc/localtime:/etc/localtime:ro']
    ports: ['3000:3000', '222:22']
",
        "hardened",
        &["allow: [\"22/tcp\", \"3000/tcp\"]", "rule: privileged-port, allow: [\"222\"]"],
    ),
    (
        "passwords",
        "services:
  vault: {image: 'registry.example/vault:1', volumes: ['[ROOT]/mnt/vault:/data'], ports: ['127.0.0.1:8080:80']}
",
        "hardened",
        &["roots: [[ROOT]/mnt]"],
    ),
    (
        "proxy with a socket proxy",
        "services:
  socket: {image: 'x/socket-proxy:1', environment: {CONTAINERS: 1}, volumes: ['./docker.sock:/var/run/docker.sock:ro'], networks: [socket]}
  traefik: {image: 'x/traefik:3', ports: ['80:80', '443:443'], volumes: ['./acme:/acme', './traefik.yml:/etc/traefik/traefik.yml:ro'], networks: [socket, default]}
networks: {socket: {internal: true}}
",
        "hardened",
        &["{ path: ./traefik.yml, kind: file }", "rule: privileged-port, allow: [\"443\", \"80\"]"],
    ),
    (
        "home automation",
        "services:
  home: {image: 'x/home:1', privileged: true, network_mode: host, volumes: ['./config:/config', '/etc/localtime:/etc/localtime:ro'], restart: unless-stopped}
",
        "hardened",
        &["service: home, rule: privileged, reason", "service: home, rule: host-network, reason"],
    ),
    (
        "media",
        "services:
  jellyfin: {image: 'x/jellyfin:1', user: '1000:1000', network_mode: host, volumes: ['./config:/config', './cache:/cache', '[ROOT]/media/films:/media:ro'], extra_hosts: ['host.docker.internal:host-gateway']}
",
        "",
        &[],
    ),
    (
        "workflows with a database",
        "services:
  n8n: {image: 'x/n8n:1', ports: ['5678:5678'], volumes: ['./n8n:/home/node/.n8n'], depends_on: [postgres]}
  postgres: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: '${PW:-x}'}, volumes: ['./db:/var/lib/postgresql/data']}
",
        "hardened",
        &["rule: port-all-interfaces"],
    ),
    (
        "models with a GPU",
        "services:
  ollama: {image: 'x/ollama:1', volumes: ['ollama:/root/.ollama'], deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}}
  webui: {image: 'x/webui:main', ports: ['3000:8080'], volumes: ['webui:/app/data'], extra_hosts: ['host.docker.internal:host-gateway']}
volumes: {ollama: {}, webui: {}}
",
        "hardened",
        &["service: ollama, rule: gpus"],
    ),
    (
        "database with its console",
        "services:
  db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: x}, volumes: ['db:/var/lib/postgresql/data']}
  admin: {image: 'x/pgadmin:8', ports: ['127.0.0.1:5050:80'], volumes: ['admin:/var/lib/pgadmin']}
volumes: {db: {}, admin: {}}
",
        "hardened",
        &[],
    ),
    (
        "name server",
        "services:
  pihole: {image: 'x/pihole:1', ports: ['53:53/tcp', '53:53/udp', '80:80/tcp'], cap_add: [NET_ADMIN], volumes: ['./etc:/etc/pihole', './dnsmasq:/etc/dnsmasq.d']}
",
        "hardened",
        &["rule: dangerous-capability, allow: [\"NET_ADMIN\"]"],
    ),
    (
        "tunnel",
        "services:
  wg: {image: 'x/wg:1', cap_add: [NET_ADMIN, SYS_MODULE], sysctls: {net.ipv4.ip_forward: 1, net.ipv4.conf.all.src_valid_mark: 1}, group_add: ['5'], ports: ['51820:51820/udp', '51821:51821/tcp'], volumes: ['./wg:/etc/wireguard', '/lib/modules:/lib/modules:ro'], devices: ['/dev/net/tun']}
",
        "baseline",
        &["rule: dangerous-capability, allow: [\"NET_ADMIN\", \"SYS_MODULE\"]", "# What keeps the project from `hardened`:"],
    ),
    (
        "container console",
        "services:
  portainer: {image: 'x/portainer:1', ports: ['9443:9443'], volumes: ['./docker.sock:/var/run/docker.sock', 'data:/data']}
volumes: {data: {}}
",
        "hardened",
        &["service: portainer, rule: port-all-interfaces"],
    ),
    (
        "metrics",
        "services:
  telegraf: {image: 'x/telegraf:1', pid: host, network_mode: host, volumes: ['./telegraf.conf:/etc/telegraf/telegraf.conf:ro', '/proc:/host/proc:ro', '/sys:/host/sys:ro', '/:/rootfs:ro']}
  grafana: {image: 'x/grafana:11', ports: ['3000:3000'], volumes: ['grafana:/var/lib/grafana']}
  influx: {image: 'x/influx:2', volumes: ['influx:/var/lib/influxdb2']}
volumes: {grafana: {}, influx: {}}
",
        "hardened",
        &["rule: sensitive-mount, allow: [\"/\", \"/proc\", \"/sys\"]", "rule: host-pid"],
    ),
    (
        "vpn container",
        "services:
  vpn: {image: 'x/gluetun:1', container_name: vpn, cap_add: [NET_ADMIN], devices: ['/dev/net/tun:/dev/net/tun'], ports: ['8080:8080']}
  torrent: {image: 'x/torrent:1', network_mode: 'service:vpn', environment: {PUID: 1000, PGID: 1000}, volumes: ['./config:/config', './downloads:/downloads']}
",
        "hardened",
        &["rule: devices, allow: [\"/dev/net/tun\"]"],
    ),
    (
        "web with a page of its own",
        "services:
  web: {image: 'nginx:1.27', ports: ['8080:80'], volumes: ['./html:/usr/share/nginx/html:ro', './nginx.conf:/etc/nginx/nginx.conf:ro']}
",
        "hardened",
        &["{ path: ./nginx.conf, kind: file }"],
    ),
    (
        "queue with workers that share",
        "services:
  api: {image: 'x/app:1', user: '1000:1000', volumes: ['./uploads:/uploads']}
  worker: {image: 'x/app:1', user: '1001:1001', volumes: ['./uploads:/uploads'], deploy: {replicas: 2}}
  cache: {image: 'valkey/valkey:8'}
",
        "hardened",
        &["  # api, worker: its own `user:`"],
    ),
    (
        "sandbox",
        "services:
  agent: {image: 'x/agent:1', user: '10001:10001', networks: [inside], volumes: ['./work:/work'], cap_drop: [ALL]}
  model: {image: 'x/model:1', user: '10002:10002', networks: [inside]}
networks: {inside: {internal: true}}
",
        "contained",
        &[],
    ),
    (
        "no network at all",
        "services: {job: {image: 'x/job:1', user: '1:1', network_mode: none}}\n",
        "contained",
        &[],
    ),
    (
        "docker in docker",
        "services:
  dind: {image: 'docker:dind', privileged: true, environment: {DOCKER_TLS_CERTDIR: /certs}, volumes: ['certs:/certs', 'dind:/var/lib/docker']}
  agent: {image: 'x/agent:1', environment: {DOCKER_HOST: 'tcp://dind:2376', OPENAI_API_KEY: '${OPENAI_API_KEY:-}'}, volumes: ['certs:/certs:ro', './work:/work']}
volumes: {certs: {}, dind: {}}
",
        "hardened",
        &["service: dind, rule: privileged, reason"],
    ),
    (
        "profiles",
        "services:
  app: {image: 'x/app:1', volumes: ['./data:/data']}
  debug: {image: 'x/debug:1', profiles: [debug], privileged: true, volumes: ['[ROOT]/srv/debug:/debug']}
",
        "hardened",
        &["service: debug, rule: privileged, reason", "[ROOT]/srv"],
    ),
    (
        "names that need quotes",
        "services:
  'on': {image: 'x/a:1', ports: ['1:1']}
  '7': {image: 'x/b:1', ports: ['2:2'], volumes: ['./a b:/data', './c#d:/e']}
",
        "hardened",
        &["service: \"on\", rule: port-all-interfaces", "service: \"7\""],
    ),
    (
        "hardened by hand",
        "services:
  app: {image: 'x/app:1@sha256:0000000000000000000000000000000000000000000000000000000000000000', user: '1000:1000', read_only: true, cap_drop: [ALL], security_opt: ['no-new-privileges:true'], pids_limit: 100, volumes: ['data:/data']}
volumes: {data: {external: true}}
",
        "hardened",
        &["`contained` would leave no way out"],
    ),
    (
        "limits that hardening would undo",
        "services: {app: {image: 'x/app:1', pids_limit: -1, security_opt: ['no-new-privileges:false', 'seccomp:unconfined']}}\n",
        "hardened",
        &["service: app, rule: seccomp-unconfined"],
    ),
];
