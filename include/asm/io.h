/* SPDX-License-Identifier: MIT */
/*
 * Registers. ioremap() gives a cookie, an address that is not accessible; the calls below look it
 * up and ask the machine. Values are little endian on the bus, as PCI has it; the be forms swap.
 *
 * Order: a write comes after every store to memory before it (wmb), a read before every load after
 * it. The relaxed and raw forms, and those of many words, come in order among themselves only: a
 * watched driver's earlier stores may be on their way still (COH-05, docs/WATCHING.md).
 */
#ifndef _ASM_IO_H
#define _ASM_IO_H

#include <linux/version.h>
#include <linux/types.h>
#include <linux/compiler.h>
#include <asm/barrier.h>

/**
 * dmk_io_read/dmk_io_write - one access of @width 1, 2, 4 or 8 bytes
 *
 * An address that is no cookie, or past the end of its mapping, is announced
 * (DMK_EVENT_IOMEM_DEREFERENCE with reason DMK_REASON_BAD_ADDRESS), reads all ones and writes
 * nothing.
 */
u64 dmk_io_read(const volatile void __iomem *address, unsigned int width);
void dmk_io_write(volatile void __iomem *address, unsigned int width, u64 value);
u32 dmk_port_in(unsigned long port, unsigned int width);
void dmk_port_out(unsigned long port, unsigned int width, u32 value);

#define DMK_IO_READ(name, type, width, convert)                                                    \
	static __always_inline type name(const volatile void __iomem *address)                     \
	{                                                                                          \
		const type value = (type)convert((type)dmk_io_read(address, width));               \
                                                                                                   \
		dmk_io_read_barrier();                                                             \
		return value;                                                                      \
	}
#define DMK_IO_READ_RELAXED(name, type, width)                                                     \
	static __always_inline type name(const volatile void __iomem *address)                     \
	{                                                                                          \
		return (type)dmk_io_read(address, width);                                          \
	}
#define DMK_IO_WRITE(name, type, width, convert)                                     \
	static __always_inline void name(type value, volatile void __iomem *address) \
	{                                                                            \
		dmk_io_barrier();                                                    \
		dmk_io_write(address, width, (type)convert(value));                  \
	}
#define DMK_IO_WRITE_RELAXED(name, type, width)                                      \
	static __always_inline void name(type value, volatile void __iomem *address) \
	{                                                                            \
		dmk_io_write(address, width, value);                                 \
	}

DMK_IO_READ(readb, u8, 1, )
DMK_IO_READ(readw, u16, 2, )
DMK_IO_READ(readl, u32, 4, )
DMK_IO_READ(readq, u64, 8, )
DMK_IO_WRITE(writeb, u8, 1, )
DMK_IO_WRITE(writew, u16, 2, )
DMK_IO_WRITE(writel, u32, 4, )
DMK_IO_WRITE(writeq, u64, 8, )
DMK_IO_READ_RELAXED(readb_relaxed, u8, 1)
DMK_IO_READ_RELAXED(readw_relaxed, u16, 2)
DMK_IO_READ_RELAXED(readl_relaxed, u32, 4)
DMK_IO_READ_RELAXED(readq_relaxed, u64, 8)
DMK_IO_WRITE_RELAXED(writeb_relaxed, u8, 1)
DMK_IO_WRITE_RELAXED(writew_relaxed, u16, 2)
DMK_IO_WRITE_RELAXED(writel_relaxed, u32, 4)
DMK_IO_WRITE_RELAXED(writeq_relaxed, u64, 8)
DMK_IO_READ_RELAXED(__raw_readb, u8, 1)
DMK_IO_READ_RELAXED(__raw_readw, u16, 2)
DMK_IO_READ_RELAXED(__raw_readl, u32, 4)
DMK_IO_READ_RELAXED(__raw_readq, u64, 8)
DMK_IO_WRITE_RELAXED(__raw_writeb, u8, 1)
DMK_IO_WRITE_RELAXED(__raw_writew, u16, 2)
DMK_IO_WRITE_RELAXED(__raw_writel, u32, 4)
DMK_IO_WRITE_RELAXED(__raw_writeq, u64, 8)

/* These also take what pci_iomap() gives for a BAR of ports. */
DMK_IO_READ(ioread8, u8, 1, )
DMK_IO_READ(ioread16, u16, 2, )
DMK_IO_READ(ioread32, u32, 4, )
DMK_IO_READ(ioread64, u64, 8, )
DMK_IO_READ(ioread16be, u16, 2, __builtin_bswap16)
DMK_IO_READ(ioread32be, u32, 4, __builtin_bswap32)
DMK_IO_READ(ioread64be, u64, 8, __builtin_bswap64)
DMK_IO_WRITE(iowrite8, u8, 1, )
DMK_IO_WRITE(iowrite16, u16, 2, )
DMK_IO_WRITE(iowrite32, u32, 4, )
DMK_IO_WRITE(iowrite64, u64, 8, )
DMK_IO_WRITE(iowrite16be, u16, 2, __builtin_bswap16)
DMK_IO_WRITE(iowrite32be, u32, 4, __builtin_bswap32)
DMK_IO_WRITE(iowrite64be, u64, 8, __builtin_bswap64)

#define readq readq
#define writeq writeq
#define ioread64 ioread64
#define iowrite64 iowrite64

/* The same register @count times, to or from an array. */
#define DMK_IO_REP(suffix, type, width)                                                   \
	static inline void ioread##suffix##_rep(const volatile void __iomem *address,     \
						void *buffer, unsigned long count)        \
	{                                                                                 \
		unsigned char *to = buffer;                                               \
                                                                                          \
		for (; count; count--, to += width) {                                     \
			type value = (type)dmk_io_read(address, width);                   \
			__builtin_memcpy(to, &value, width);                              \
		}                                                                         \
	}                                                                                 \
	static inline void iowrite##suffix##_rep(volatile void __iomem *address,          \
						 const void *buffer, unsigned long count) \
	{                                                                                 \
		const unsigned char *from = buffer;                                       \
                                                                                          \
		for (; count; count--, from += width) {                                   \
			type value;                                                       \
			__builtin_memcpy(&value, from, width);                            \
			dmk_io_write(address, width, value);                              \
		}                                                                         \
	}
DMK_IO_REP(8, u8, 1)
DMK_IO_REP(16, u16, 2)
DMK_IO_REP(32, u32, 4)
#define readsb(address, buffer, count) ioread8_rep(address, buffer, count)
#define readsw(address, buffer, count) ioread16_rep(address, buffer, count)
#define readsl(address, buffer, count) ioread32_rep(address, buffer, count)
#define writesb(address, buffer, count) iowrite8_rep(address, buffer, count)
#define writesw(address, buffer, count) iowrite16_rep(address, buffer, count)
#define writesl(address, buffer, count) iowrite32_rep(address, buffer, count)

/* As words of 8 bytes where both ends allow it, bytes at the edges. */
void memcpy_fromio(void *to, const volatile void __iomem *from, size_t size) DMK_SYM(memcpy_fromio);
void memcpy_toio(volatile void __iomem *to, const void *from, size_t size) DMK_SYM(memcpy_toio);
void memset_io(volatile void __iomem *to, int value, size_t size) DMK_SYM(memset_io);
/** __iowrite32_copy - @count words of 32 bits */
void __iowrite32_copy(void __iomem *to, const void *from,
		      size_t count) __asm__("dmk_iowrite32_copy");
void __ioread32_copy(void *to, const void __iomem *from, size_t count) __asm__("dmk_ioread32_copy");
void __iowrite64_copy(void __iomem *to, const void *from,
		      size_t count) __asm__("dmk_iowrite64_copy");

static inline u8 inb(unsigned long port)
{
	return (u8)dmk_port_in(port, 1);
}

static inline u16 inw(unsigned long port)
{
	return (u16)dmk_port_in(port, 2);
}

static inline u32 inl(unsigned long port)
{
	return dmk_port_in(port, 4);
}

static inline void outb(u8 value, unsigned long port)
{
	dmk_port_out(port, 1, value);
}

static inline void outw(u16 value, unsigned long port)
{
	dmk_port_out(port, 2, value);
}

static inline void outl(u32 value, unsigned long port)
{
	dmk_port_out(port, 4, value);
}

#define inb_p(port) inb(port)
#define inw_p(port) inw(port)
#define inl_p(port) inl(port)
#define outb_p(value, port) outb(value, port)
#define outw_p(value, port) outw(value, port)
#define outl_p(value, port) outl(value, port)

#ifndef mmiowb
#define mmiowb() barrier()
#endif

/**
 * ioremap - a cookie for the registers at physical [address, address + size)
 * Return: the cookie, which keeps the offset in a page; NULL: size 0, the range wraps or is the
 *         system's RAM, no room.
 */
void __iomem *ioremap(phys_addr_t address, size_t size) DMK_SYM(ioremap);
void iounmap(volatile void __iomem *address) DMK_SYM(iounmap);

static inline void __iomem *ioremap_wc(phys_addr_t address, size_t size)
{
	return ioremap(address, size);
}

static inline void __iomem *ioremap_uc(phys_addr_t address, size_t size)
{
	return ioremap(address, size);
}

static inline void __iomem *ioremap_wt(phys_addr_t address, size_t size)
{
	return ioremap(address, size);
}

static inline void __iomem *ioremap_np(phys_addr_t address, size_t size)
{
	return ioremap(address, size);
}

static inline void __iomem *ioremap_cache(phys_addr_t address, size_t size)
{
	return ioremap(address, size);
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 6, 0)
#define ioremap_nocache(address, size) ioremap(address, size)
#endif

/**
 * virt_to_bus/bus_to_virt - the address of memory as devices see it, by arithmetic: of the PCI bus
 * where there is one, else of the first device's bus. For the direct map alone; it knows no mask,
 * no bounce buffer, no IOMMU, and cleans no cache.
 *
 * Return: 0, or NULL, of what the bus does not reach.
 * Rules:  ADR-05: announced as DMK_EVENT_OLD_ADDRESS, each call.
 */
unsigned long virt_to_bus(volatile void *address) DMK_SYM(virt_to_bus);
void *bus_to_virt(unsigned long address) DMK_SYM(bus_to_virt);
#define isa_virt_to_bus(address) virt_to_bus(address)
#define isa_bus_to_virt(address) bus_to_virt(address)

void __iomem *ioport_map(unsigned long port, unsigned int count) DMK_SYM(ioport_map);
void ioport_unmap(void __iomem *address) DMK_SYM(ioport_unmap);

#endif
