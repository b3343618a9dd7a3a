// SPDX-License-Identifier: MIT
/*
 * See dmakit/operand.h. Of x86-64 as much as compilers and memcpy() make of an access to registers;
 * of other architectures nothing is known.
 */
#include <sched.h>

#include <dmakit/kernel.h>
#include <dmakit/operand.h>

#if defined(__x86_64__)

/* Two-byte opcodes (0F xx): Intel SDM volume 2, appendix A. */
static struct dmk_operand decode_0f(unsigned char opcode, unsigned int width, bool operand16,
				bool repeat)
{
	switch (opcode) {
	case 0xb6:
	case 0xbe:
	case 0xb0:
	case 0xc0:
		return (struct dmk_operand){1, false};
	case 0xb7:
	case 0xbf:
		return (struct dmk_operand){2, false};
	case 0xc3: /* movnti */
		return (struct dmk_operand){width, true};
	case 0x11:
	case 0x29:
	case 0x2b:
	case 0x7f:
	case 0xe7: /* stores of an xmm register */
		return (struct dmk_operand){repeat && opcode == 0x11 ? 4 : 16, true};
	case 0x10:
	case 0x28:
	case 0x6f:
	case 0x2a:
		return (struct dmk_operand){repeat && opcode == 0x10 ? 4 : 16, false};
	case 0xd6:
	case 0x13:
	case 0x17: /* movq, movlps, movhps: stores */
		return (struct dmk_operand){8, true};
	case 0x12:
	case 0x16:
		return (struct dmk_operand){8, false};
	case 0x7e: /* movd/movq: F3 loads 8 bytes, else stores */
		return repeat ? (struct dmk_operand){8, false} : (struct dmk_operand){width, true};
	default:
		return (struct dmk_operand){operand16 ? 2 : width, false};
	}
}

/* Vectors by the longer prefixes: 16 bytes, or as many more as their length bits say. */
static struct dmk_operand decode_vector(const unsigned char *code)
{
	unsigned int length;

	if (*code == 0x62)
		length = code[3] >> 5 & 3;
	else
		length = code[*code == 0xc5 ? 1 : 2] >> 2 & 1;
	return (struct dmk_operand){16u << length, false};
}

static struct dmk_operand decode(const unsigned char *code)
{
	bool operand16 = false, repeat = false;
	unsigned int width = 4;

	for (int prefixes = 0; prefixes < 4; prefixes++, code++) {
		if (*code == 0x66)
			operand16 = true;
		else if (*code == 0xf2 || *code == 0xf3)
			repeat = true;
		else if (*code != 0x2e && *code != 0x3e && *code != 0x64 && *code != 0x65 &&
			 *code != 0xf0)
			break;
	}
	if ((*code & 0xf0) == 0x40) /* REX, and its W bit */
		width = *code++ & 8 ? 8 : 4;
	if (width == 4 && operand16)
		width = 2;
	switch (*code) {
	case 0x0f:
		return decode_0f(code[1], width == 2 ? 4 : width, operand16, repeat);
	case 0x88:
	case 0xc6:
	case 0xa2:
	case 0xaa:
	case 0xa4: /* byte stores; movs and stos */
		return (struct dmk_operand){1, true};
	case 0x89:
	case 0xc7:
	case 0xa3:
	case 0xab:
	case 0xa5:
		return (struct dmk_operand){width, true};
	case 0x62:
	case 0xc4:
	case 0xc5:
		return decode_vector(code);
	case 0x63: /* movslq */
		return (struct dmk_operand){4, false};
	case 0x8f:
	case 0xff: /* pop, push, call: 8 bytes, but for inc and dec */
		return (struct dmk_operand){*code == 0xff && ((code[1] >> 3) & 7) < 2 ? width : 8,
					false};
	default: /* elsewhere even opcodes are the byte forms */
		return (struct dmk_operand){*code & 1 ? width : 1, false};
	}
}

struct dmk_operand dmk_operand(const void *instruction)
{
	return decode(instruction);
}

#else

struct dmk_operand dmk_operand(const void *instruction)
{
	return (struct dmk_operand){1, false};
}

#endif

void dmk_step_take(int *owner, int self)
{
	int nobody = 0;

	while (__atomic_load_n(owner, __ATOMIC_RELAXED) != self &&
	       !__atomic_compare_exchange_n(owner, &nobody, self, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED)) {
		nobody = 0;
		sched_yield();
	}
}

unsigned int dmk_operand_width(const void *instruction)
{
	return dmk_operand(instruction).width;
}
