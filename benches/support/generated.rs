//! Projects to measure with.

use std::fmt::Write;

/// A project in which every service has what services usually have.
pub fn generated(services: usize) -> String {
    let mut text = "name: bench
x-common: &common
  restart: unless-stopped
  logging: {driver: json-file, options: {max-size: 10m}}
volumes: {cache: {}}
services:
"
    .to_owned();
    for at in 0..services {
        let _ = write!(
            text,
            r#"  service-{at}:
    <<: *common
    image: registry.example/app-{at}:${{TAG:-1.2.3}}
    command: ["serve", "--port", "8080"]
    environment:
      - NAME=service-{at}
      - LEVEL=${{LEVEL:-info}}
      - HOME
    ports: ["{port}:80"]
    volumes: ["./data/{at}:/data", "cache:/cache:ro"]
    healthcheck: {{test: "curl -f http://localhost", interval: 1m30s, retries: 3}}
    deploy: {{resources: {{limits: {{cpus: "0.5", memory: 256M}}}}}}
"#,
            port = 10_000 + at % 50_000,
        );
        if at > 0 {
            let _ = writeln!(text, "    depends_on: [service-{}]", if at % 10 == 0 { 0 } else { at - 1 });
        }
    }
    text
}
