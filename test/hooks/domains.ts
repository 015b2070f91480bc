/** Domain XML as hypervisors hold it: shortened where nothing of it is read, strange where it is. */

/** CloudStack 4.20, running: one guest NIC with bandwidth and link state; a quote and comments of the agent. */
export const cloudstackGuest = `<domain type='kvm' id='17'>
  <name>i-2-10-VM</name>
  <uuid>4b1b5a4e-7d9c-4f0e-9d62-4dc1c2a0a3f7</uuid>
  <description>Debian GNU/Linux 12 (64-bit)</description>
  <metadata>
    <cloudstack:vm xmlns:cloudstack="http://cloudstack.apache.org/instance"><cloudstack:name>web &amp; db</cloudstack:name></cloudstack:vm>
  </metadata>
  <memory unit='KiB'>1048576</memory>
  <os><type arch='x86_64' machine='pc-i440fx-9.0'>hvm</type><boot dev='cdrom'/><boot dev='hd'/></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <source file='/mnt/8ef0/4d21' index='2'/>
      <backingStore type='file' index='3'><format type='qcow2'/><source file='/mnt/8ef0/t'/><backingStore/></backingStore>
      <target dev='vda' bus='virtio'/>
    </disk>
    <!-- one NIC; <mac address='02:00:00:00:00:99'/> was the old one -->
    <interface type='bridge'>
      <mac address='02:00:0f:af:00:2b'/>
      <source bridge='breth0-200'/>
      <bandwidth><inbound average='25600' peak='25600'/><outbound average='25600' peak='25600'/></bandwidth>
      <target dev='vnet6'/>
      <model type='virtio'/>
      <link state='up'/>
      <alias name='net0'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x03' function='0x0'/>
    </interface>
    <graphics type='vnc' port='5901' autoport='yes' listen='10.0.0.5'><listen type='address' address='10.0.0.5'/></graphics>
  </devices>
  <seclabel type='dynamic' model='dac' relabel='yes'><label>+64055:+109</label></seclabel>
</domain>
`;

/** libvirt's clean-traffic with several addresses (formatnwfilter), and a second NIC behind a filter of the operator. */
export const filteredGuest = `<?xml version="1.0" encoding="UTF-8"?>
<domain type='kvm'>
  <name>filtered</name>
  <uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>
  <devices>
    <interface type="bridge">
      <mac address="52:54:00:12:34:56"/>
      <source bridge="br-front"/>
      <filterref filter="clean-traffic">
        <parameter name="IP" value="192.0.2.10"/>
        <parameter name="IP" value="192.0.2.11"/>
        <parameter name="CTRL_IP_LEARNING" value="none"/>
        <parameter name="DHCPSERVER" value="192.0.2.1"/>
      </filterref>
    </interface>
    <interface type="network">
      <mac address="52:54:00:12:34:57"/>
      <source network="routed" portid="7fd7e4b2-5b2c-4a56-9a7f-0a4b0c7c9d11" bridge="virbr7"/>
      <target dev="vnet1"/>
      <filterref filter="no-ipv6-spoofing">
        <parameter name="ipv6" value="2001:DB8:0::11"/>
        <parameter name="IPV6" value="fe80::5054:ff:fe12:3457"/>
        <parameter name="IPV6MASK" value="64"/>
        <parameter name="ip" value="192.0.2.12/32"/>
        <parameter name="IP" value="0.0.0.0"/>
      </filterref>
    </interface>
  </devices>
</domain>`;

/** OpenStack's and osinfo's metadata, a default namespace, CDATA, and ours in between. */
export const taggedGuest = `<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>instance-0000002a</name>
  <metadata>
    <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
      <nova:name>web</nova:name>
      <nova:ports><nova:port uuid="x"><nova:ip type="fixed" address="198.51.100.77" ipVersion="4"/></nova:port></nova:ports>
    </nova:instance>
    <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
      <libosinfo:os id="http://debian.org/debian/12"/>
    </libosinfo:libosinfo>
    <guest xmlns="https://example.org/inventory"><interface mac="52:54:00:aa:00:01"><address>192.0.2.99</address></interface></guest>
    <netkeep:guest xmlns:netkeep="urn:netkeep:domain:1">
      <!-- <netkeep:address>192.0.2.98</netkeep:address> -->
      <netkeep:interface mac="52:54:00:AA:00:01" link-local="eui64">
        <netkeep:address>2.57.57.30</netkeep:address>
        <netkeep:address><![CDATA[2001:678:3a4:100::80]]></netkeep:address>
      </netkeep:interface>
      <netkeep:interface mac="52:54:00:aa:00:02" link="cloudbr1"><netkeep:address> 2.57.57.31 </netkeep:address></netkeep:interface>
    </netkeep:guest>
  </metadata>
  <devices>
    <interface type='bridge'>
      <mac address='52:54:00:aa:00:01'/>
      <source bridge='br-int'/>
      <filterref filter='clean-traffic'><parameter name='IP' value='192.0.2.97'/></filterref>
    </interface>
    <interface type='direct'>
      <mac address='52:54:00:aa:00:02'/>
      <source dev='eth1' mode='bridge'/>
    </interface>
  </devices>
  <qemu:commandline><qemu:arg value='-device'/><qemu:arg value='e1000,mac=52:54:00:aa:00:03'/></qemu:commandline>
</domain>`;

/** A Windows guest with as many NICs as its PCI buses take, every one with an address but the last. */
export const manyNics = `<domain type='kvm'>\r
  <name>Windows Server 2022 &lt;prod&gt; &quot;A&amp;B&quot; &#x2603;</name>\r
  <features><hyperv mode='custom'><relaxed state='on'/><vapic state='on'/></hyperv></features>\r
  <devices>\r
${Array.from({ length: 28 }, (_, n) => {
  const hex = n.toString(16).padStart(2, "0");
  const address = n === 27 ? "" : `<filterref filter='f'><parameter name='IP' value='203.0.113.${n + 1}'/></filterref>`;
  return `    <interface type='bridge'><mac address='52:54:00:00:01:${hex}'/><source bridge='br${n % 3}'/>${address}<model type='e1000'/></interface>\r\n`;
}).join("")}  </devices>\r
</domain>\r
`;

/** 10⁹ times "lol" where entities are resolved. */
export const entityBomb = `<?xml version="1.0"?>
<!DOCTYPE domain [<!ENTITY a0 "lol">${Array.from({ length: 9 }, (_, n) => `<!ENTITY a${n + 1} "${`&a${n};`.repeat(10)}">`).join("")}]>
<domain type="kvm"><name>&a9;</name></domain>`;

/** One guest with one NIC, and what else stands in the interface and in the domain. */
export function domainXml(inInterface: string, inDomain = "", type = "bridge"): string {
  const nic = `<interface type='${type}'><mac address='02:00:00:00:00:01'/>${inInterface}</interface>`;
  return `<domain><name>g</name>${inDomain}<devices>${nic}</devices></domain>`;
}

/** Our metadata around the text. */
export function ourMetadata(text: string): string {
  return `<metadata><netkeep:guest xmlns:netkeep="urn:netkeep:domain:1">${text}</netkeep:guest></metadata>`;
}
