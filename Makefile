# SPDX-License-Identifier: GPL-2.0-only
# vhost-xnet: the module, its tools and its tests. "make help" lists the targets.

# The kernel to build for: KDIR, or KVER, or the running one; where there are
# no headers for that, the newest that are installed.
ifeq ($(KDIR),)
ifeq ($(KVER),)
KVER := $(shell uname -r)
ifeq ($(wildcard /lib/modules/$(KVER)/build/Makefile),)
KVER := $(shell ls -d /lib/modules/*/build/Makefile 2>/dev/null | \
	  sed 's,/lib/modules/\(.*\)/build/Makefile,\1,' | sort -V | tail -n 1)
endif
endif
KDIR := /lib/modules/$(KVER)/build
endif

PREFIX ?= /usr/local
UDEVDIR ?= /usr/lib/udev/rules.d
TOOLS := tools/qemu-launch tools/xnetctl

all: modules tools

modules:
	@test -e $(KDIR)/Makefile || { \
		echo "no kernel headers in '$(KDIR)': install linux-headers-amd64, or say KDIR= or KVER=" >&2; \
		exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

modules_install:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install

tools:
	@for dir in $(TOOLS); do $(MAKE) -C $$dir || exit; done

install: tools
	@for dir in $(TOOLS); do $(MAKE) -C $$dir PREFIX=$(PREFIX) install || exit; done
	install -D -m 0644 Documentation/60-vhost-xnet.rules \
		$(DESTDIR)$(UDEVDIR)/60-vhost-xnet.rules

demo:
	@MAKE="$(MAKE)" selftests/e2e/demo.sh $(DEMO_ARGS)

check:
	@MAKE="$(MAKE)" selftests/check.sh $(if $(KERNELS),--kernels "$(KERNELS)") $(CHECK_ARGS)

check-vms:
	@selftests/vm/setup.sh
	@$(MAKE) -s
	@MAKE="$(MAKE)" selftests/e2e/run.sh --long $(VMS_ARGS)

check-debug:
	@selftests/vm/setup.sh
	selftests/debug/run.sh $(DEBUG_ARGS)

bench:
	@selftests/vm/setup.sh
	@$(MAKE) -s modules
	bench/run.sh --gate 0.5 $(BENCH_ARGS)
	bench/plot.sh

clean:
	@for dir in $(TOOLS) tools/lib bench selftests selftests/launch selftests/ring \
		selftests/netlink; do \
		test ! -e $$dir/Makefile || $(MAKE) -s -C $$dir clean || exit; done
	@test ! -e $(KDIR)/Makefile || $(MAKE) -s -C $(KDIR) M=$(CURDIR) clean

help:
	@echo 'make                  build the module and the tools'
	@echo 'make modules          build drivers/vhost/xnet/vhost_xnet.ko'
	@echo 'make modules_install  install it where modprobe finds it'
	@echo 'make tools            build xnet-qemu and xnetctl'
	@echo 'make install          install the tools, their man pages and a udev rule'
	@echo 'make demo             see it work in a VM, next to vhost-net and QEMU'
	@echo 'make check            run all tests; CHECK_ARGS=--help tells more'
	@echo 'make check-debug      run the tests on a debug kernel; DEBUG_ARGS=--help tells more'
	@echo 'make check-vms        run all that is done with real guests; VMS_ARGS=--help tells more'
	@echo 'make bench            compare the cost of a packet with vhost-net'
	@echo 'make clean            remove what was built'
	@echo
	@echo 'KVER= or KDIR=        the kernel to build for ($(KDIR))'
	@echo 'W=1 C=1               more warnings; check with sparse'
	@echo 'KERNELS="6.1 7.x"      the kernels for "make check"; CHECK_ARGS=--help tells more'
	@echo 'DESTDIR= PREFIX=      where to install'

.PHONY: all modules modules_install tools install demo check check-vms check-debug bench clean help
