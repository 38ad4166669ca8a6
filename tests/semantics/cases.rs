//! What the corpus has little of: port ranges, `:+`, several documents, gpus, develop, provider, models, hooks.

pub const ACCEPTED: &[&str] = &[
    // Ports.
    "services: {a: {image: x, ports: ['3000-3005']}}",
    "services: {a: {image: x, ports: ['9090-9091:8080-8081', '127.0.0.1:8001:8001', '6060:6060/udp']}}",
    "services: {a: {image: x, ports: ['127.0.0.1:5000-5010:5000-5010', '8000-9000:80']}}",
    "services: {a: {image: x, ports: ['[::1]:80:80', '[::]:81-82:91-92/udp', ':90:90']}}",
    "services: {a: {image: x, ports: [{target: 80, published: '8080-8090', mode: host, app_protocol: http, name: web}]}}",
    "services: {a: {image: x, ports: ['80', '80:80', '80:80/udp', {target: 80, published: '80'}, '81:80']}}",
    "services: {a: {image: x, ports: [80, 443], expose: ['90-92', 100, '100/udp']}}",
    "services: {a: {image: x, ports: ['80:80', '81:81']}}\n#file +b.yaml\nservices: {a: {ports: ['80:80', '127.0.0.1:80:80', 82]}}",
    "services: {a: {image: x, ports: ['1-2:3-4']}}\n#file +b.yaml\nservices: {a: {ports: !override ['5-6:7-8']}}",
    // Interpolation.
    "services: {a: {image: 'x${SET:+-set}${UNSET:+-unset}${EMPTY:+-empty}${EMPTY+-defined}'}}",
    "services: {a: {image: 'x${SET+:a}${UNSET+:b}', command: ['${SET:+${NUMBER}}', '${UNSET:-${EMPTY:-${NUMBER}}}', '$$SET', '$${SET}']}}",
    "services: {a: {image: 'x', environment: {A: '${UNSET:-a b}', B: '${EMPTY-c}', C: '${EMPTY:-c}', D: '${SET:?no}', E: '${UNSET:-$SET}'}}}",
    "services: {a: {image: x, labels: {'${SET}': '${SET}'}, command: 'echo ${UNSET:-\"a b\"} $$HOME'}}",
    "services: {a: {image: x, cpus: '${NUMBER}', mem_limit: '${NUMBER}m', privileged: '${UNSET:-true}', scale: '${NUMBER}'}}",
    "services: {a: {image: x, environment: ['A=${SET:+}', 'B=${UNSET:+x}', 'SET', 'UNSET', 'C=${SET:+a:b}', 'D=${UNSET:-a:-b}']}}",
    // Several documents.
    "services: {a: {image: x, environment: {A: 1}}}\n---\nservices: {a: {environment: {A: 2, B: 3}}, b: {image: y}}",
    "services: {a: {image: x, command: a, cap_add: [A]}}\n---\nservices: {a: {command: !reset null, cap_add: [B]}}",
    "services: {a: {image: x}}\n---\nservices: {b: {image: y}}\n...\n",
    "services: {a: {image: x, ports: ['80:80']}}\n---\nservices: {a: {ports: !override ['81:81']}}\n#file +b.yaml\nservices: {a: {ports: ['82:82']}}\n---\nservices: {a: {ports: ['83:83']}}",
    "name: one\nservices: {a: {image: x}}\n---\nname: two\nservices: {a: {image: y}}",
    // Devices of the graphics kind.
    "services: {a: {image: x, gpus: all}}",
    "services: {a: {image: x, gpus: [{driver: nvidia, count: 2}, {capabilities: [gpu, utility], device_ids: ['0']}]}}",
    "services: {a: {image: x, gpus: [{driver: nvidia, count: all, options: {a: b}}]}}",
    "services: {a: {image: x, deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: all}, {capabilities: [tpu], device_ids: [a, b]}]}}}}}",
    "services: {a: {image: x, gpus: [{count: 1}]}}\n#file +b.yaml\nservices: {a: {gpus: [{count: 2, driver: d}]}}",
    // Develop.
    "services: {a: {build: ., develop: {watch: [{path: ./src, action: sync, target: /app, ignore: [node_modules/]}, {path: go.mod, action: rebuild}]}}}",
    "services: {a: {build: ., develop: {watch: [{path: ./src, action: sync+exec, target: /app, exec: {command: [make, all], user: root, environment: [A=b]}, include: ['*.c'], initial_sync: true}]}}}",
    "services: {a: {build: ., develop: {watch: [{path: ./src, action: sync+restart, target: /app}]}}}\n#file +b.yaml\nservices: {a: {develop: {watch: [{path: ./lib, action: restart}]}}}",
    // Providers.
    "services: {a: {provider: {type: awesomecloud, options: {type: mysql, sizes: ['1', '2'], n: 3}}}, b: {image: x, depends_on: [a]}}",
    "services: {a: {provider: {type: model, options: {model: ai/smollm2}}}}\n#file +b.yaml\nservices: {a: {provider: {options: {extra: '${SET}'}}}}",
    // Models.
    "services: {a: {image: x, models: [m]}}\nmodels: {m: {model: ai/smollm2}}",
    "services: {a: {image: x, models: {m: {endpoint_var: URL, model_var: NAME}, n: }}}\nmodels: {m: {model: a, context_size: 1024, runtime_flags: ['--a', '--b']}, n: {model: b, x-a: 1}}",
    // Hooks.
    "services: {a: {image: x, post_start: [{command: [a, b], user: root, privileged: true, environment: [A=b]}], pre_stop: [{command: ./stop.sh, working_dir: /w}]}}",
    "services: {a: {image: x, post_start: [{command: a}]}}\n#file +b.yaml\nservices: {a: {post_start: [{command: b, environment: {C: '${SET}'}}]}}",
    // Profiles, dependencies, namespaces.
    "services: {a: {image: x, profiles: [p], depends_on: {b: {condition: service_completed_successfully, restart: true, required: false}}}, b: {image: y, profiles: [p]}}",
    "services: {a: {image: x, network_mode: 'service:b', ipc: 'service:b', pid: 'service:c', volumes_from: ['c:ro']}, b: {image: y, ipc: shareable}, c: {image: z}}",
    "services: {a: {image: x, links: ['b:db', c]}, b: {image: y}, c: {image: z}}",
    // Extends and include.
    "services: {a: {extends: {file: sub/b.yaml, service: base}, environment: {C: d}}}\n#file sub/b.yaml\nservices: {base: {image: x, volumes: ['./data:/d'], env_file: [{path: ./e, required: false}], environment: {A: b}}}",
    "services: {a: {extends: b, command: c}, b: {extends: {service: c}, cap_add: [A]}, c: {image: x, cap_add: [B], ports: ['80:80']}}",
    "include: [inc/compose.yaml]\nservices: {a: {image: x, depends_on: [b]}}\n#file inc/compose.yaml\nservices: {b: {image: y, volumes: ['./d:/d', 'v:/v']}}\nvolumes: {v: }",
    "include:\n  - path: [inc/one.yaml, inc/two.yaml]\n    project_directory: other\n    env_file: inc/env\nservices: {a: {image: x}}\n#file inc/one.yaml\nservices: {b: {image: 'y:${TAG}', build: .}}\n#file inc/two.yaml\nservices: {b: {environment: {A: '${SET}-${TAG}'}}}\n#file inc/env\nTAG=7\nSET=other",
    "include:\n  - path: [inc/one.yaml, inc/two.yaml]\n    project_directory: other\nservices: {a: {image: x}}\n#file inc/one.yaml\nservices: {b: {image: y, build: ., volumes: ['./d:/d']}}\n#file inc/two.yaml\nservices: {b: {volumes: ['./e:/e']}}\n#file other/here\n",
    "include:\n  - path: inc/one.yaml\n    project_directory: far/other\nservices: {a: {image: x}}\n#file inc/one.yaml\nservices: {b: {image: y, build: ../c}}\n",
    // Units and times.
    "services: {a: {image: x, mem_limit: 1.5g, memswap_limit: 2GiB, shm_size: 64kb, stop_grace_period: 1h2m3.5s, healthcheck: {test: [NONE], interval: 1d, timeout: 100us}}}",
    "services: {a: {image: x, blkio_config: {weight: 300, device_read_bps: [{path: /dev/sda, rate: 12mb}]}, ulimits: {nproc: 65535, nofile: {soft: 20000, hard: 40000}}, sysctls: [net.core.somaxconn=1024]}}",
    "services: {a: {image: x, build: {context: ., shm_size: 2gb, ulimits: {nofile: 10}, ssh: [default], secrets: [s], args: [A, B=c], additional_contexts: {r: ./r}, cache_from: [a], dockerfile_inline: \"FROM x\\n\"}}}\nsecrets: {s: {environment: SET}}",
    // Mounts.
    "services: {a: {image: x, volumes: ['./a:/a:ro,z', '~/b:/b', 'v:/c:nocopy', '/d', {type: tmpfs, target: /t, tmpfs: {size: 10mb, mode: 0700}}, {type: bind, source: ., target: /e, bind: {propagation: rslave, create_host_path: false}}]}}\nvolumes: {v: {driver_opts: {type: none, o: bind, device: ./v}}}",
    "services: {a: {image: x, configs: [c, {source: d, target: /d, uid: '1', mode: 0440}], secrets: [{source: s, mode: '0400'}]}}\nconfigs: {c: {file: ./c}, d: {content: \"a: ${SET}\\nb: $$\"}}\nsecrets: {s: {file: ~/s}}",
    "services: {a: {image: x, tmpfs: ['/a:size=1m'], devices: ['/dev/a:/dev/b:r', 'vendor.com/class=name'], extra_hosts: ['a:1.2.3.4', 'b=::1'], dns: '1.1.1.1', dns_search: [], security_opt: ['no-new-privileges:true']}}",
    // Networks.
    "services: {a: {image: x, networks: {n: {ipv4_address: 10.0.0.2, priority: 3, gw_priority: 1, interface_name: eth7, driver_opts: {a: b}}}}}\nnetworks: {n: {ipam: {config: [{subnet: 10.0.0.0/24, gateway: 10.0.0.1, aux_addresses: {h: 10.0.0.9}}]}, internal: true, attachable: true, enable_ipv4: false, labels: [l=m]}}",
    "services: {a: {image: x, networks: [n, o]}}\nnetworks: {n: {external: true, name: 'real-${SET}'}, o: {driver: macvlan, driver_opts: {parent: eth0}}}",
    // Tags.
    "services: {a: {image: x, environment: {A: b, C: d}, labels: [e=f], volumes: ['./a:/a'], deploy: {replicas: 2, resources: {limits: {cpus: '1'}}}}}\n#file +b.yaml\nservices: {a: {environment: !override {E: f}, labels: !reset [], deploy: {replicas: !reset null}}}",
    "x-base: &base {image: x, environment: &env {A: b}}\nservices: {a: {<<: *base, environment: {<<: *env, C: d}}, b: *base}",
    "services: {a: {image: x, logging: {driver: json-file, options: {a: b}}}}\n#file +b.yaml\nservices: {a: {logging: {driver: syslog, options: {c: d}}}}\n#file +c.yaml\nservices: {a: {logging: {options: {e: f}}}}",
    "services: {a: {image: x, x-own: {b: [1, 2.50, 0x1f, 'no', ~, 2001-12-14, 1_000]}}}\nx-top: {c: {d: yes}}",
    // Env files.
    "services: {a: {image: x, env_file: [one.env, {path: two.env, format: raw}], environment: {B: mine}}}\n#file one.env\nA=1\nB=2\nC=\"a $SET ${UNSET:-d}\"\n#file two.env\nD='raw' $SET # all of it\n",
    "services: {a: {image: x, label_file: [l.txt], labels: {own: '1'}}}\n#file l.txt\nfrom.file=yes\nown=2\n",
];

pub const REFUSED: &[&str] = &[
    "services: {a: {image: x, ports: ['3000-3005:80-82']}}",
    "services: {a: {image: x, ports: ['70000']}}",
    "services: {a: {image: x, ports: ['5-3']}}",
    "services: {a: {image: x, ports: ['1:2:3:4:5']}}",
    "services: {a: {image: '${UNSET:?must be there}'}}",
    "services: {a: {image: '${SET'}}",
    "services: {a: {image: '${}'}}",
    "services: {a: {image: x, gpus: some}}",
    "services: {a: {image: x, deploy: {resources: {reservations: {devices: [{count: 1}]}}}}}",
    "services: {a: {build: ., develop: {watch: [{path: ./src}]}}}",
    "services: {a: {build: ., develop: {watch: [{path: ./src, action: explode, target: /x}]}}}",
    "services: {a: {build: ., develop: {watch: [{action: rebuild}]}}}",
    "services: {a: {provider: {options: {a: b}}}}",
    "services: {a: {image: x, models: [m]}}",
    "services: {a: {image: x, models: [m]}}\nmodels: {m: {context_size: 1}}",
    "services: {a: {image: x, post_start: [{user: root}]}}",
    "services: {a: {image: x, post_start: {command: a}}}",
    "services: {a: {image: x}}\n---\nservices: {a: {imagee: y}}",
    "services: {a: {image: x}}\n---\n---\nservices: {b: {image: y}}",
    "services: {a: {image: x, depends_on: [b]}}",
    "services: {a: {image: x, depends_on: [b]}, b: {image: y, depends_on: [a]}}",
    "services: {a: {extends: b}, b: {extends: a}}",
    "services: {a: {extends: {file: nowhere.yaml, service: b}}}",
    "include: [compose.yaml]\nservices: {a: {image: x}}",
    "services: {a: {image: x, volumes: ['vol:/v']}}",
    "services: {a: {image: x, networks: [n]}}",
    "services: {a: {image: x, secrets: [s]}}",
    "services: {a: {image: x, mem_limit: lots}}",
    "services: {a: {image: x, healthcheck: {interval: soon}}}",
    "services: {a: {image: x, command: 'a \"b'}}",
    "services: {a: {image: x, ulimits: {nofile: {soft: 1}}}}",
    "services: {A b: {image: x}}",
    "services: [a]",
    "services: {a: {}}",
    "services: {a: {image: x, network_mode: host, networks: [default]}}",
];
