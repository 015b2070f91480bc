#!/bin/sh
# Stands in for CloudStack's script of this name: link it where the agent looks first (see README.md, "CloudStack").
exec netkeep-hook cloudstack "$@"
